"""The BankID simulator as a process of its own, for tests and end-to-end runs.

::

    async with running_bankid(tmp_path) as bankid:
        async with bankid.client() as client, bankid.remote() as app:
            started = await client.start(request)
            await app.scan(started.order_ref)
            await app.approve(started.order_ref, "tolvan")
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self, cast

import httpx

from local.bankid.pki import TlsFiles
from local.bankid.remote import RemoteBankId
from shared.adapters.bankid import BankIdClient
from shared.domain.client_certificates import ClientCertificate, TlsCredentials

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBankId:
    """A simulator that answers at ``rp_url`` (mutual TLS) and ``control_url`` (page and control API)."""

    process: subprocess.Popen[str]
    rp_url: str
    control_url: str
    data: Path

    @property
    def files(self) -> TlsFiles:
        return TlsFiles(self.data)

    @property
    def token(self) -> str:
        return (self.data / "control-token").read_text()

    @classmethod
    def start(cls, data: Path, *, rp_port: int = 0, control_port: int = 0, options: Sequence[str] = ()) -> Self:
        """Start and wait until it is ready. Blocks for about a second."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local.bankid",
                "--end-with-parent",
                *("--rp-port", str(rp_port)),
                *("--control-port", str(control_port)),
                *("--data", str(data)),
                *options,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        words = cast("IO[str]", process.stdout).readline().split()
        if words[:3] != ["bankid", "ready", "on"]:
            process.wait()
            raise AssertionError("the BankID simulator did not start; its error is above")
        return cls(process=process, rp_url=words[3], control_url=words[5], data=data)

    def stop(self) -> int:
        """Stop as Ctrl-C in `make run` does; returns the exit code. May be repeated."""
        self.process.terminate()
        code = self.process.wait(STOP_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            cast("IO[str]", pipe).close()
        return code

    def remote(self) -> RemoteBankId:
        """Plays the person."""
        return RemoteBankId(self.control_url, self.token)

    @asynccontextmanager
    async def client(
        self,
        which: str = "rp",
        *,
        root_file: Path | None = None,
        rp_url: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[BankIdClient]:
        """The real client with one of the simulator's certificates, which nobody judges: some are to be refused."""

        async def credentials() -> TlsCredentials:
            return unjudged

        unjudged = TlsCredentials(
            root=(root_file or self.files.root).read_bytes(),
            chain=self.files.rp_certificate(which).read_bytes(),
            key=self.files.rp_key(which).read_bytes(),
            certificate=ClientCertificate(fingerprint="", ends_at=datetime.max.replace(tzinfo=UTC)),
        )
        client = BankIdClient(
            base_url=rp_url or self.rp_url,
            credentials=credentials,
            sleep=sleep,
        )
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def wire(self, which: str | None = "rp") -> AsyncIterator[httpx.AsyncClient]:
        """Bare HTTP; ``which`` None comes without a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=self.files.root)
        if which is not None:
            context.load_cert_chain(self.files.rp_certificate(which), self.files.rp_key(which))
        async with httpx.AsyncClient(base_url=self.rp_url, verify=context, trust_env=False) as client:
            yield client


@asynccontextmanager
async def running_bankid(
    data: Path, *, rp_port: int = 0, control_port: int = 0, options: Sequence[str] = ()
) -> AsyncIterator[RunningBankId]:
    """A simulator with its certificates in ``data``, on free ports unless they are given, stopped at the end."""
    running = await asyncio.to_thread(
        RunningBankId.start, data, rp_port=rp_port, control_port=control_port, options=options
    )
    try:
        yield running
    finally:
        await asyncio.to_thread(running.stop)

"""The Key Vault emulator as a process of its own, for tests and end-to-end runs.

::

    async with running_key_vault(tmp_path) as vault:
        keys = adapter(vault)
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, cast

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.keyvault.keys.aio import KeyClient

from local.key_vault.faults import FaultKind
from shared.adapters.key_vault import MAX_CLIENTS, KeyVaultKeys
from shared.adapters.local_credential import LocalCredential

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningKeyVault:
    """A vault that answers at ``url``. ``ca_file`` is what to trust; ``data`` survives ``stop``."""

    process: subprocess.Popen[str]
    url: str
    data: Path

    @property
    def ca_file(self) -> Path:
        return self.data / "ca.pem"

    @classmethod
    def start(cls, data: Path, *arguments: str, port: int = 0) -> Self:
        """Start and wait until it is ready. Blocks for about a second."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local.key_vault",
                "--end-with-parent",
                *("--port", str(port)),
                *("--data", str(data)),
                *arguments,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = cast("IO[str]", process.stdout).readline()
        if " ready on " not in ready:
            process.wait()
            raise AssertionError("the Key Vault emulator did not start; its error is above")
        return cls(process=process, url=ready.split()[-1], data=data)

    def stop(self) -> int:
        """Stop as Ctrl-C in `make run` does; returns the exit code. May be repeated."""
        self.process.terminate()
        code = self.process.wait(STOP_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            cast("IO[str]", pipe).close()
        return code

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.stop()

    async def fault(
        self,
        kind: FaultKind,
        *,
        operation: str | None = None,
        key: str | None = None,
        calls: int | None = None,
        seconds: float = 0,
    ) -> None:
        """Add a fault, see ``local/key_vault/faults.py``."""
        fault = {"kind": kind, "operation": operation, "key": key, "calls": calls, "seconds": seconds}
        await self._control("POST", "faults", fault)

    async def end_faults(self) -> None:
        await self._control("DELETE", "faults")

    async def counters(self) -> dict[str, int]:
        """Requests by operation since the start or the last ``reset_counters``."""
        counters: dict[str, int] = (await self._control("GET", "counters")).json()
        return counters

    async def reset_counters(self) -> None:
        await self._control("DELETE", "counters")

    def http(self) -> httpx.AsyncClient:
        """A bare client that trusts the vault."""
        trust = ssl.create_default_context(cafile=self.ca_file)
        return httpx.AsyncClient(base_url=self.url, verify=trust, trust_env=False)

    async def _control(self, method: str, path: str, body: object = None) -> httpx.Response:
        token = (self.data / "control-token").read_text()
        async with self.http() as client:
            headers = {"x-emulator-token": token}
            response = await client.request(method, f"/emulator/{path}", headers=headers, json=body)
        response.raise_for_status()
        return response


@asynccontextmanager
async def running_key_vault(data: Path, *arguments: str, port: int = 0) -> AsyncIterator[RunningKeyVault]:
    """A vault over the directory ``data``, on a free port unless one is given, stopped at the end."""
    vault = await asyncio.to_thread(RunningKeyVault.start, data, *arguments, port=port)
    try:
        yield vault
    finally:
        await asyncio.to_thread(vault.stop)


def adapter(vault: RunningKeyVault, *, max_clients: int = MAX_CLIENTS) -> KeyVaultKeys:
    """Our adapter as the container wires it locally, with keys that are quick to make."""
    return KeyVaultKeys(
        vault_url=vault.url,
        credential=LocalCredential(),
        ca_file=str(vault.ca_file),
        verify_challenge_resource=False,
        key_size_bits=2048,
        max_clients=max_clients,
    )


def sdk_client(vault: RunningKeyVault, credential: AsyncTokenCredential | None = None) -> KeyClient:
    """The SDK's client, unchanged, for what an administrator does."""
    return KeyClient(
        vault.url,
        credential or LocalCredential(),
        verify_challenge_resource=False,
        connection_verify=str(vault.ca_file),
    )

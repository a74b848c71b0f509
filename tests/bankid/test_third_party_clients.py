"""Clients that others wrote for BankID work on the simulator, with their own protocol code as it is.

Neither lets one choose the host by a parameter. ``bankid`` (PyPI, pybankid) keeps its addresses in attributes and its
roots in an ``SSLContext`` that is one too: the prefix of the addresses is replaced, and the simulator's root is added.
``bankid`` (npm) takes root and certificate as options, and its address is the ``baseURL`` of its public HTTP client.
"""

import asyncio
import json
import shutil
import time
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from bankid import BankIDAsyncClient
from bankid.exceptions import InvalidParametersError

from local.bankid.remote import RemoteBankId
from tests.support.bankid import ROOT, RunningBankId

IP = "192.0.2.7"
SCRIPT = Path(__file__).with_name("npm_client.js")


class Client(Protocol):
    """What both can do."""

    async def start(self) -> tuple[str, str]:
        """Order and auto start token."""

    async def frame(self, ref: str) -> str:
        """The QR code that the client would show now."""

    async def collect(self, ref: str) -> dict[str, Any]: ...

    async def cancel(self, ref: str) -> None: ...

    async def refusal(self, ref: str) -> str:
        """The error of a collect, in the client's words."""


class PyPiClient:
    def __init__(self, bankid: RunningBankId) -> None:
        files = bankid.files
        with warnings.catch_warnings():
            # It hands its certificate to httpx in a way that httpx is about to give up.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.client = BankIDAsyncClient((str(files.rp_certificate()), str(files.rp_key())), test_server=True)
        for name, value in vars(self.client).items():
            if name.endswith("_endpoint"):
                setattr(self.client, name, value.replace(self.client.api_url, bankid.rp_url))
        self.client.ctx.load_verify_locations(cafile=files.root)
        self._started: dict[str, tuple[str, float, str]] = {}

    async def start(self) -> tuple[str, str]:
        started = await self.client.authenticate(IP, user_visible_data="Logga in på portalen.")
        self._started[started["orderRef"]] = (started["qrStartToken"], time.time(), started["qrStartSecret"])
        return started["orderRef"], started["autoStartToken"]

    async def frame(self, ref: str) -> str:
        return str(self.client.generate_qr_code_content(*self._started[ref]))

    async def collect(self, ref: str) -> dict[str, Any]:
        return {**await self.client.collect(ref)}

    async def cancel(self, ref: str) -> None:
        assert await self.client.cancel(ref) is True

    async def refusal(self, ref: str) -> str:
        with pytest.raises(InvalidParametersError) as caught:
            await self.client.collect(ref)
        return str(caught.value.json["details"])

    async def close(self) -> None:
        await self.client.client.aclose()


class NpmClient:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def open(cls, bankid: RunningBankId) -> "NpmClient":
        node = shutil.which("node")
        assert node is not None
        arguments = (str(SCRIPT), bankid.rp_url, str(bankid.files.root), str(bankid.files.rp_p12()))
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(node, *arguments, cwd=ROOT, stdin=pipe, stdout=pipe))

    async def start(self) -> tuple[str, str]:
        started = await self._ask("authenticate", {"endUserIp": IP, "userVisibleData": "Logga in på portalen."})
        return started["orderRef"], started["autoStartToken"]

    async def frame(self, ref: str) -> str:
        return str(await self._ask("frame", ref))

    async def collect(self, ref: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self._ask("collect", ref)
        return answer

    async def cancel(self, ref: str) -> None:
        assert await self._ask("cancel", ref) == {}

    async def refusal(self, ref: str) -> str:
        answer = await self._ask("collect", ref)
        assert answer["code"] == "invalidParameters"
        return str(answer["details"])

    async def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert await self.process.wait() == 0

    async def _ask(self, name: str, argument: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, argument]).encode() + b"\n")
        await self.process.stdin.drain()
        return json.loads(await self.process.stdout.readline())


@pytest.fixture(params=["pypi", "npm"])
async def client(request: pytest.FixtureRequest, bankid: RunningBankId) -> AsyncIterator[Client]:
    opened = PyPiClient(bankid) if request.param == "pypi" else await NpmClient.open(bankid)
    yield opened
    await opened.close()


async def test_it_identifies_with_a_qr_code(client: Client, app: RemoteBankId) -> None:
    """The app scans the frame that the client computed."""
    ref, _ = await client.start()
    assert (await client.collect(ref))["hintCode"] == "outstandingTransaction"
    await app.scan(ref, await client.frame(ref))
    assert (await client.collect(ref))["hintCode"] == "userSign"
    await app.approve(ref, "asa")
    _is_asa(await client.collect(ref), ip="203.0.113.7")


async def test_it_identifies_on_the_same_device(client: Client, app: RemoteBankId) -> None:
    """By the token of the link."""
    ref, token = await client.start()
    await app.autostart(ref, token)
    await app.approve(ref, "asa")
    _is_asa(await client.collect(ref), ip=IP)


async def test_it_cancels(client: Client, app: RemoteBankId) -> None:
    """After that there is no such order, and the client says so."""
    ref, _ = await client.start()
    await client.cancel(ref)
    assert await client.refusal(ref) == "No such order"
    assert (await app.counted())["cancels"] == 1


async def test_it_learns_that_the_person_did_not_want_to(client: Client, app: RemoteBankId) -> None:
    """An end without an identity."""
    ref, token = await client.start()
    await app.autostart(ref, token)
    await app.user_cancel(ref)
    answer = await client.collect(ref)
    assert (answer["status"], answer["hintCode"]) == ("failed", "userCancel")


def _is_asa(answer: dict[str, Any], *, ip: str) -> None:
    assert answer["status"] == "complete"
    assert answer["completionData"]["user"]["personalNumber"] == "199006022397"
    assert answer["completionData"]["device"]["ipAddress"] == ip

"""The control API from outside: what a test or a demonstration says to play the person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from local.bankid.control import TOKEN_HEADER
from local.bankid.fault_kinds import FaultKind


class RefusedError(Exception):
    """The simulator said no. The text is its status and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOrder:
    """An order as the simulator shows it. ``qr`` is the frame of the moment it was asked for."""

    ref: str
    phase: str
    hint_code: str
    end_user_ip: str | None
    return_url: str | None
    user_visible_text: str
    auto_start_token: str = field(repr=False)
    qr: str = field(repr=False)


class RemoteBankId:
    """``url`` is that of the control listener, ``token`` stands in the file ``control-token``."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers={TOKEN_HEADER: token}, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def orders(self) -> list[SeenOrder]:
        """The newest first."""
        return [
            SeenOrder(
                ref=one["orderRef"],
                phase=one["phase"],
                hint_code=one["hintCode"],
                end_user_ip=one["endUserIp"],
                return_url=one["returnUrl"],
                user_visible_text=one["userVisibleText"],
                auto_start_token=one["autoStartToken"],
                qr=one["qr"],
            )
            for one in (await self._call("GET", "orders")).json()
        ]

    async def scan(self, ref: str, qr: str | None = None) -> None:
        """With the frame that the person sees, or by default the one they should be seeing."""
        if qr is None:
            qr = next(order.qr for order in await self.orders() if order.ref == ref)
        await self._call("POST", f"orders/{ref}/scan", {"qr": qr})

    async def autostart(self, ref: str, auto_start_token: str) -> None:
        await self._call("POST", f"orders/{ref}/autostart", {"token": auto_start_token})

    async def receive(self, ref: str, persona: str) -> None:
        """An order by number reaches the app of that person."""
        await self._call("POST", f"orders/{ref}/receive", {"persona": persona})

    async def approve(self, ref: str, persona: str = "tolvan", **details: str | bool | None) -> None:
        """``details`` are ``ip``, ``risk`` and ``mrtd``. The order must be in the app."""
        await self._call("POST", f"orders/{ref}/approve", {"persona": persona, **details})

    async def user_cancel(self, ref: str) -> None:
        await self._call("POST", f"orders/{ref}/user-cancel")

    async def hint(self, ref: str, hint_code: str) -> None:
        await self._call("POST", f"orders/{ref}/hint", {"code": hint_code})

    async def fail(self, ref: str, hint_code: str) -> None:
        await self._call("POST", f"orders/{ref}/fail", {"hint": hint_code})

    async def follow(self, *steps: tuple[str, int | str]) -> None:
        """Orders from now on go by a script (``local.bankid.scripts``); without steps by what the app does."""
        await self._call("POST", "script", {"steps": list(steps)} if steps else {})

    async def choose(self, **options: str | bool) -> None:
        """``local.bankid.options``."""
        await self._call("POST", "options", options)

    async def requests(self) -> list[dict[str, Any]]:
        """What the relying party sent, without personal numbers and texts."""
        requests: list[dict[str, Any]] = (await self._call("GET", "requests")).json()
        return requests

    async def counted(self) -> dict[str, Any]:
        """What can be counted of it (``local.bankid.records``)."""
        counted: dict[str, Any] = (await self._call("GET", "assertions")).json()
        return counted

    async def advance(self, seconds: float) -> None:
        await self._call("POST", "clock/advance", {"seconds": seconds})

    async def fault(self, kind: FaultKind, **details: str | float | None) -> None:
        """Arm one; ``details`` are the other members of ``local.bankid.faults.Fault``. By itself it strikes once."""
        await self._call("POST", "faults", {"kind": kind.value, **details})

    async def struck(self) -> list[tuple[str, str]]:
        """Kind and endpoint of each fault that was, in order."""
        return [(one["kind"], one["endpoint"]) for one in (await self._call("GET", "faults")).json()["struck"]]

    async def end_faults(self) -> None:
        """None to come, and forget those that were."""
        await self._call("DELETE", "faults")

    async def skew(self, seconds: float) -> None:
        """BankID's clock is that fast; negative is slow."""
        await self._call("POST", "skew", {"seconds": seconds})

    async def reset(self) -> None:
        await self._call("POST", "reset")

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        response = await self._http.request(method, f"/sim/{path}", json=body)
        if response.is_error:
            raise RefusedError(f"{response.status_code} {response.text}")
        return response

"""Sign-in by BankID: 200 persons who wait for their app at the same time, on one instance, from one address.

Each begins with a code, asks every two seconds as the page does, has the code scanned by a phone, and is let in at the
end. The collects are counted where BankID would count them: at the simulator.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import aiohttp
import psutil

from bench.service import Service
from local.bankid.remote import RemoteBankId

PERSONS: Final = 200
POLL_SECONDS: Final = 2.0
START_SECONDS: Final = 15.0
"""In which all begin. Their polls stay as spread as their starts were."""

STEADY_SECONDS: Final = 60.0
APPROVE_SECONDS: Final = 15.0
LAST_SECONDS: Final = 40.0
"""In which whoever was approved last must be in."""

SIGN_INS: Final = 60
AT_ONCE: Final = 3
IDLE_SECONDS: Final = 5.0

PERSONAS: Final = ("tolvan", "asa", "karl", "samira")
WAITING: Final = "waiting"
"""The phase of an order that no app has yet, as the simulator says it."""

OVERRIDES: Final = {"PIC_LIMIT_SESSIONS_PER_PERSON": "100000/3600"}
"""The simulator has few persons, and each of them signs in many times. All other limits are as by default."""

P95_OVER_P50: Final = 10.0
COLLECTS_PER_ORDER: Final = 0.5
"""A second: BankID asks for at most one every two seconds."""


@dataclass(slots=True)
class _Seen:
    """What the pages saw: the milliseconds of each poll that was answered, and how many were not."""

    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0


class _Page:
    """One browser, with connections of its own. Cookies are kept by hand, because ours are Secure."""

    def __init__(self, http: aiohttp.ClientSession, seen: _Seen) -> None:
        self._http = http
        self._seen = seen
        self._cookies: dict[str, str] = {}

    async def start(self) -> None:
        async with self._http.post("/api/v1/bankid/orders", headers=self._headers()) as answer:
            self._take(answer)
            if answer.status != 201:
                raise RuntimeError(f"a start gave {answer.status}: {(await answer.text())[:300]}")

    async def poll(self) -> bool:
        """Whether the person is in."""
        began = time.perf_counter()
        async with self._http.get("/api/v1/bankid/order", headers=self._headers()) as answer:
            view: dict[str, Any] = await answer.json(content_type=None)
        if answer.status != 200 or view["status"] == "failed":
            self._seen.errors += 1
            return False
        self._seen.milliseconds.append((time.perf_counter() - began) * 1000)
        return bool(view["status"] == "complete")

    async def wait(self, ends: float) -> None:
        """Ask every two seconds until the person is in. Not in by ``ends`` is an error."""
        due = time.perf_counter()
        while due < ends:
            # As an interval timer in a page: what is late is not made up for.
            due = max(due + POLL_SECONDS, time.perf_counter())
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if await self.poll():
                return
        self._seen.errors += 1

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def _take(self, answer: aiohttp.ClientResponse) -> None:
        for cookie in answer.headers.getall("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value


class _Phones:
    """The persons' apps: they scan what is on the screens, and approve when they are told."""

    def __init__(self, bankid: RemoteBankId) -> None:
        self._bankid = bankid
        self._personas = cycle(PERSONAS)
        self._scanned: list[str] = []

    async def scan_all(self) -> None:
        """Every second, until it is cancelled."""
        while True:
            await self.scan()
            await asyncio.sleep(1)

    async def scan(self) -> None:
        for order in await self._bankid.orders():
            if order.phase == WAITING:
                await self._bankid.scan(order.ref, order.qr)
                self._scanned.append(order.ref)

    async def approve(self, within_seconds: float = 0.0) -> None:
        """Everything that was scanned, one after another."""
        pause = within_seconds / max(1, len(self._scanned))
        while self._scanned:
            await self._bankid.approve(self._scanned.pop(0), next(self._personas))
            await asyncio.sleep(pause)


async def measure(service: Service) -> dict[str, float]:
    """What a poll takes, what it and a sign-in cost the host in CPU time, and how often BankID was asked."""
    host, bankid = service.host(), RemoteBankId(service.stack.bankid_url, service.stack.control_token)
    connector = aiohttp.TCPConnector(limit=0)
    cookies = aiohttp.DummyCookieJar()
    async with bankid, aiohttp.ClientSession(service.stack.api_url, connector=connector, cookie_jar=cookies) as http:
        await _sign_ins(http, bankid, AT_ONCE)  # Warms both sides.
        idle = await _idle_share(host)
        one = await _sign_in_cpu_ms(http, bankid, host, idle)
        await bankid.reset()
        return {"sign_in_cpu_ms": one, **await _traffic(http, bankid, host, idle)}


def over_limits(figures: Mapping[str, float]) -> list[str]:
    """What is not as it must be."""
    ratio = figures["poll_ms_p95"] / figures["poll_ms_p50"]
    found = {
        f"the 95th percentile of a poll is {ratio:.1f} times its median, over {P95_OVER_P50}": ratio > P95_OVER_P50,
        f"BankID was asked more often than every {1 / COLLECTS_PER_ORDER:.0f} s for an order": (
            figures["collect_per_order_per_s"] > COLLECTS_PER_ORDER
        ),
        f"{figures['poll_errors']:.0f} polls failed": figures["poll_errors"] > 0,
    }
    return [fault for fault, is_so in found.items() if is_so]


async def _traffic(
    http: aiohttp.ClientSession, bankid: RemoteBankId, host: psutil.Process, idle: float
) -> dict[str, float]:
    seen, phones, began = _Seen(), _Phones(bankid), time.perf_counter()
    ends = began + START_SECONDS + STEADY_SECONDS + APPROVE_SECONDS + LAST_SECONDS

    async def person(number: int) -> None:
        await asyncio.sleep(START_SECONDS * number / PERSONS)
        page = _Page(http, seen)
        await page.start()
        await page.wait(ends)

    async with asyncio.TaskGroup() as everybody:
        for number in range(PERSONS):
            everybody.create_task(person(number))
        scanning = everybody.create_task(phones.scan_all())
        await asyncio.sleep(START_SECONDS + POLL_SECONDS)
        polls, cpu, collects, since = len(seen.milliseconds), _cpu_ms(host), await _collects(bankid), _now()
        await asyncio.sleep(STEADY_SECONDS)
        polls, cpu, seconds = len(seen.milliseconds) - polls, _cpu_ms(host) - cpu, _now() - since
        collects = await _collects(bankid) - collects
        scanning.cancel()
        await phones.approve(APPROVE_SECONDS)
    return {
        "poll_ms_p50": statistics.median(seen.milliseconds),
        "poll_ms_p95": statistics.quantiles(seen.milliseconds, n=20)[-1],
        "poll_cpu_ms": (cpu - idle * seconds * 1000) / polls,
        "poll_errors": float(seen.errors),
        "collect_per_order_per_s": collects / PERSONS / seconds,
    }


async def _sign_in_cpu_ms(
    http: aiohttp.ClientSession, bankid: RemoteBankId, host: psutil.Process, idle: float
) -> float:
    """From the click to the session, with the one poll that it takes at least."""
    cpu, since = _cpu_ms(host), _now()
    await _sign_ins(http, bankid, SIGN_INS)
    return (_cpu_ms(host) - cpu - idle * (_now() - since) * 1000) / SIGN_INS


async def _sign_ins(http: aiohttp.ClientSession, bankid: RemoteBankId, count: int) -> None:
    phones, seen = _Phones(bankid), _Seen()
    for _ in range(0, count, AT_ONCE):
        pages = [_Page(http, seen) for _ in range(AT_ONCE)]
        for page in pages:
            await page.start()
        await phones.scan()
        await phones.approve()
        await asyncio.sleep(POLL_SECONDS)
        for page in pages:
            if not await page.poll():
                raise RuntimeError("a person whose phone had approved was not let in")


async def _collects(bankid: RemoteBankId) -> int:
    polls: dict[str, dict[str, Any]] = (await bankid.counted())["polls"]
    return sum(int(order["count"]) for order in polls.values())


async def _idle_share(host: psutil.Process) -> float:
    """Of one processor, while nobody asks for anything."""
    cpu, since = _cpu_ms(host), _now()
    await asyncio.sleep(IDLE_SECONDS)
    return (_cpu_ms(host) - cpu) / 1000 / (_now() - since)


def _cpu_ms(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system) * 1000


def _now() -> float:
    return time.perf_counter()

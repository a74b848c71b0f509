"""A whole send-and-open with a member of staff and a test e-ID that the operator names."""

import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from local.demo.client import Client, UnexpectedAnswerError

POLL_SECONDS: Final = 1.0
SIGN_IN_SECONDS: Final = 170
"""A little less than the three minutes in which codes follow one another."""

DELIVERY_SECONDS: Final = 180
SUBJECT: Final = "Rökprov / smoke test"

NAMES: Final = ("PIC_SMOKE_STAFF", "PIC_SMOKE_PASSWORD", "PIC_SMOKE_PERSON", "PIC_SMOKE_MAIL")
SIMULATOR: Final = ("PIC_SMOKE_BANKID", "PIC_SMOKE_BANKID_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Travellers:
    """Who sends, and who opens. ``simulator`` is the address of BankID's simulator, None where a person scans."""

    staff: str = field(repr=False)
    password: str = field(repr=False)
    person: str = field(repr=False)
    mail: str = field(repr=False)
    simulator: str | None
    token: str | None = field(repr=False)


def travellers_in(environment: Mapping[str, str]) -> Travellers | None:
    """Those that are configured; None where none is. Raises ``ValueError`` that names what is missing."""
    given = {name: environment.get(name, "") for name in (*NAMES, *SIMULATOR)}
    if not any(given.values()):
        return None
    missing = [name for name in NAMES if not given[name]]
    if bool(given[SIMULATOR[0]]) != bool(given[SIMULATOR[1]]):
        missing += [name for name in SIMULATOR if not given[name]]
    if missing:
        raise ValueError("missing: " + ", ".join(missing))
    return Travellers(
        staff=given[NAMES[0]],
        password=given[NAMES[1]],
        person=given[NAMES[2]],
        mail=given[NAMES[3]],
        simulator=given[SIMULATOR[0]] or None,
        token=given[SIMULATOR[1]] or None,
    )


def travel(url: str, who: Travellers, *, ca_file: str | None) -> Iterator[str]:
    """Send, open, compare, and take back; yields what is wrong, in words.

    Raises ``UnexpectedAnswerError``, ``TimeoutError``, ``httpx.HTTPError``.
    """
    staff, person = Client(url, ca_file=ca_file), Client(url, ca_file=ca_file)
    text, content = f"Rökprov {secrets.token_hex(8)}", secrets.token_bytes(100_000)
    path = None
    try:
        staff.sign_in(who.staff, who.password)
        unit = staff.ask("GET", "/api/v1/units")["units"][0]["unit"]
        recipient = {"personal_number": who.person, "mail_address": who.mail}
        new = {"unit": unit, "subject": SUBJECT, "persons": [recipient]}
        thread = staff.ask("POST", "/api/v1/threads", expect=201, json=new)["thread"]
        messages = f"/api/v1/threads/{thread}/messages"
        drafted = staff.ask("POST", messages, expect=201, json={"text": text, "retention_days": 1})
        path = f"{messages}/{drafted['message']}"
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            staff.upload(path, Path(file.name), "rokprov.bin")
        staff.ask("POST", f"{path}/send", expect=202)
        _sign_in(person, who)
        opened = _opened(person, path)
        if opened["text"] != text:
            yield "the text that was opened is not the one that was sent"
        (found,) = opened["files"]
        if person.download_sha256(f"{path}/files/{found['file']}")[0] != found["sha256"]:
            yield "the file that was fetched is not the one that was sent"
        receipts = staff.ask("GET", path)["receipts"]
        if {receipt["file"] for receipt in receipts} != {None, found["file"]}:
            yield "the sender does not see who opened and fetched"
        staff.call("DELETE", path, expect=204)
        person.call("POST", f"{path}/open", expect=404)
        path = None
    finally:
        if path is not None:
            _take_back(staff, path)
        staff.close()
        person.close()


def _take_back(staff: Client, path: str) -> None:
    """What was sent for the test does not stay a day because the test broke off."""
    try:
        staff.call("DELETE", path, expect=204)
    except (UnexpectedAnswerError, httpx.HTTPError):
        print(f"could not be taken back: {path}")


def _opened(person: Client, path: str) -> dict[str, Any]:
    """The message, once it is delivered. Raises ``TimeoutError``."""
    until = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < until:
        try:
            return person.ask("POST", f"{path}/open")
        except UnexpectedAnswerError:
            time.sleep(POLL_SECONDS)
    raise TimeoutError("the message was not delivered in time")


def _sign_in(person: Client, who: Travellers) -> None:
    """By the code on the screen: scanned by the simulator, or by whoever runs this. Raises ``TimeoutError``."""
    person.ask("POST", "/api/v1/bankid/orders", expect=201)
    until, is_scanned = time.monotonic() + SIGN_IN_SECONDS, False
    with tempfile.NamedTemporaryFile(prefix="bankid-", suffix=".svg") as image:
        while time.monotonic() < until:
            order = person.ask("GET", "/api/v1/bankid/order")
            if order["status"] == "complete":
                person.signed_in(order["session"])
                return
            if order["status"] == "failed":
                raise TimeoutError(f"BankID refused: {order['hint_code']}")
            if order["qr"] and who.simulator is not None and not is_scanned:
                is_scanned = _scan(who, order["qr"])
            elif order["qr"] and who.simulator is None:
                if not is_scanned:
                    print(f"   scan this, as {who.person[:8]}-xxxx: {image.name}", flush=True)
                    is_scanned = True
                Path(image.name).write_bytes(person.call("GET", "/api/v1/bankid/order/qr", expect=200).content)
            time.sleep(POLL_SECONDS)
    raise TimeoutError("BankID did not complete in time")


def _scan(who: Travellers, code: str) -> bool:
    headers = {"x-emulator-token": str(who.token)}
    with httpx.Client(base_url=str(who.simulator), headers=headers, timeout=10, trust_env=False) as phone:
        for order in phone.get("/sim/orders").raise_for_status().json():
            one = f"/sim/orders/{order['orderRef']}"
            if phone.post(f"{one}/scan", json={"qr": code}).is_success:
                phone.post(f"{one}/approve", json={"persona": who.person}).raise_for_status()
                return True
    return False

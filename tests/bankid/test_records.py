"""What the simulator writes down of a relying party, and what it counts."""

from typing import Any

from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId

AUTH: dict[str, Any] = {
    "endUserIp": "192.0.2.7",
    "userVisibleData": "TG9nZ2EgaW4=",
    "requirement": {"personalNumber": "199006022397"},
    "web": {"userAgent": "Mozilla/5.0", "deviceIdentifier": "one"},
}


async def test_requests_are_kept_without_numbers_and_texts(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Everything else as it came, with the connection that it came by."""
    async with bankid.wire() as wire:
        await wire.post("auth", json=AUTH)
        await wire.get("auth")
    posted, asked = await app.requests()
    assert (posted["method"], posted["path"], posted["contentType"], posted["status"]) == (
        "POST",
        "/rp/v6.0/auth",
        "application/json",
        200,
    )
    assert posted["tlsVersion"] == "TLSv1.3"
    assert len(posted["fingerprint"]) == 64
    assert posted["body"] == {
        **AUTH,
        "userVisibleData": "(12 characters)",
        "requirement": {"personalNumber": "(12 characters)"},
    }
    assert (asked["method"], asked["status"], asked["body"]) == ("GET", 405, {})


async def test_a_client_that_behaves_has_nothing_counted_against_it(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Start, poll every two seconds, stop at the end; cancel, and start again."""
    async with bankid.wire() as wire:
        first, second = [{"orderRef": (await wire.post("auth", json=_device(one))).json()["orderRef"]} for one in "ab"]
        await wire.post("collect", json=first)
        await app.advance(2)
        await wire.post("collect", json=first)
        await app.fail(first["orderRef"], "userCancel")
        await app.advance(3)
        await wire.post("collect", json=first)
        await wire.post("cancel", json=second)
        await wire.post("auth", json=_device("b"))
    counted = await app.counted()
    assert (counted["requests"], counted["starts"], counted["cancels"]) == (7, 3, 1)
    polls = counted["polls"][first["orderRef"]]
    assert polls["count"] == 3
    assert 2 <= polls["leastSeconds"] < 3
    against = ("callsAfterEnd", "startsBesidePending", "numbersOutsideRequirement", "returnUrlsScanned")
    assert [counted[name] for name in against] == [0, 0, 0, 0]
    assert counted["longestUserAgent"] == 11
    assert counted["tlsVersions"] == ["TLSv1.3"]
    assert len(counted["certificates"]) == 1


async def test_a_client_that_does_not_is_found_out(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Calls after the end, two orders for a click, a number at the top, an address to return to with a code."""
    async with bankid.wire() as wire:
        started = await wire.post("auth", json=_device("a") | {"returnUrl": "https://portal.example.se/"})
        order = {"orderRef": started.json()["orderRef"]}
        await wire.post("auth", json=_device("a") | {"personalNumber": "199006022397"})
        await app.scan(order["orderRef"])
        await wire.post("cancel", json=order)
        for method in ("collect", "cancel"):
            await wire.post(method, json=order)
    async with bankid.wire("rp-second") as wire:
        await wire.get("auth")
    counted = await app.counted()
    assert counted["callsAfterEnd"] == 2
    assert counted["startsBesidePending"] == 1
    assert counted["numbersOutsideRequirement"] == 1
    assert counted["returnUrlsScanned"] == 1
    assert len(counted["certificates"]) == 2
    await app.reset()
    assert (await app.counted())["requests"] == 0


def _device(identifier: str) -> dict[str, object]:
    return {"endUserIp": "192.0.2.7", "web": {"userAgent": "Mozilla/5.0", "deviceIdentifier": identifier}}

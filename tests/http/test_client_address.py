"""The address that the e-ID is told of: the gateway's word where there is one, and never the client's."""

import pytest
from starlette.requests import Request

from functions.dependencies import client_address
from functions.problems import RequestRefusedError
from tests.support.world import Browser, world

PEER = "198.51.100.1"
HEADER = "X-Forwarded-For"


def request(*stated: str, client: tuple[str, int] | None = (PEER, 4711)) -> Request:
    headers = [(HEADER.lower().encode(), value.encode("latin-1")) for value in stated]
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("stated", "address"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7:50123"], "203.0.113.7"),
        ([" 203.0.113.7 "], "203.0.113.7"),
        (["192.0.2.9, 203.0.113.7"], "203.0.113.7"),
        (["192.0.2.9,203.0.113.7:50123"], "203.0.113.7"),
        (["192.0.2.9", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7", "192.0.2.9, 203.0.113.8"], "203.0.113.8"),
        (["2001:db8::7"], "2001:db8::7"),
        (["2001:DB8:0:0::7"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:50123"], "2001:db8::7"),
        (["192.0.2.9, [2001:db8::7]:50123"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["[::ffff:203.0.113.7]:50123"], "203.0.113.7"),
        (["fe80::1%kanarie"], "fe80::1"),
    ],
)
def test_the_last_entry_of_the_gateways_header_counts(stated: list[str], address: str) -> None:
    """Whatever stands before it was sent by the client; a port and brackets are the gateway's own."""
    assert client_address(request(*stated), HEADER) == address


@pytest.mark.parametrize(
    "stated",
    [
        *("", ",", "unknown", "203.0.113.7,", "203.0.113", "203.0.113.256", "203.0.113.7.8", "0x7f.1", "2130706433"),
        *("for=203.0.113.7", "<script>", "203.0.113.7;x", "[203.0.113.7", "[]", "[", "]:1", "å", "203.0.113.07", "::g"),
    ],
)
def test_what_is_no_address_is_refused_and_not_passed_on(stated: str) -> None:
    """Behind a gateway the peer is the platform's own front end: to tell the e-ID of that would be wrong."""
    with pytest.raises(RequestRefusedError):
        client_address(request(stated), HEADER)


def test_without_a_gateway_nobodys_header_counts() -> None:
    """A header that no gateway overwrites is whatever the client likes."""
    assert client_address(request("203.0.113.7"), None) == PEER
    assert client_address(request("203.0.113.7", client=None), None) == "127.0.0.1"
    with pytest.raises(RequestRefusedError):
        client_address(request(), HEADER)


async def test_the_e_id_is_told_the_address_of_the_gateways_header() -> None:
    """The setting names the header; others are not read."""
    async with world(PIC_CLIENT_ADDRESS_HEADER="X-Azure-ClientIP") as made:
        headers = {
            "x-azure-clientip": "203.0.113.7",
            "x-forwarded-for": "192.0.2.9",
            "user-agent": "å" * 3 + "x" * 9999,
        }
        started = await Browser(made.http).call(
            "POST", "/api/v1/bankid/orders", headers={k: v.encode() for k, v in headers.items()}
        )
        assert started.status_code == 201
        (order,) = made.container.electronic_id.requests
        assert order.end_user_ip == "203.0.113.7"
        assert order.referring_domain == "portal.test"
        assert len(order.user_agent) == 256

"""A person with a BankID: reads the code off the screen with the simulator's app, or opens it on the same device."""

import time
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from local.demo.client import Client
from local.stack import Stack

POLL_SECONDS: Final = 1.0
LIMIT_SECONDS: Final = 30
ORDERS: Final = "/api/v1/bankid/orders"
ORDER: Final = "/api/v1/bankid/order"
CALLBACK: Final = "/api/v1/bankid/callback"
HERE: Final = {"mode": "same-device", "device": "mobile"}


def sign_in(client: Client, stack: Stack, personal_number: str) -> str:
    """Sign in by QR code; the name that the e-ID stated. Raises ``TimeoutError``."""
    client.ask("POST", ORDERS, expect=201)
    has_approved = False
    for _ in range(LIMIT_SECONDS):
        order: dict[str, Any] = client.ask("GET", ORDER)
        if order["status"] == "complete":
            return client.signed_in(order["session"])
        if order["status"] == "failed":
            raise TimeoutError(f"BankID refused: {order['hint_code']}")
        if order["qr"] and not has_approved:
            _approve(stack, order["qr"], personal_number)
            has_approved = True
        time.sleep(POLL_SECONDS)
    raise TimeoutError("BankID did not complete in time")


def sign_in_here(client: Client, stack: Stack, personal_number: str) -> str:
    """Sign in with the app on the same device; the name that the e-ID stated. Raises ``TimeoutError``."""
    launch_url = client.ask("POST", ORDERS, expect=201, json=HERE)["launch_url"]
    return come_back(client, approve_here(stack, launch_url, personal_number))


def approve_here(stack: Stack, launch_url: str, personal_number: str) -> str:
    """Open the app by its link, and approve; the address that the app then opens."""
    (token,) = parse_qs(urlsplit(launch_url).query)["autostarttoken"]
    with _phone(stack) as phone:
        for order in phone.get("/sim/orders").raise_for_status().json():
            if order["autoStartToken"] == token:
                one = f"/sim/orders/{order['orderRef']}"
                phone.post(f"{one}/autostart", json={"token": token}).raise_for_status()
                phone.post(f"{one}/approve", json={"persona": personal_number}).raise_for_status()
                return str(order["returnUrl"])
    raise TimeoutError("no order of the simulator has this link")


def come_back(client: Client, address: str) -> str:
    """What the portal does at the address that the app opens; the name of whom it signs in. Raises ``TimeoutError``."""
    for _ in range(LIMIT_SECONDS):
        order = client.ask("POST", CALLBACK, json={"nonce": nonce_in(address)})
        if order["status"] == "complete":
            return client.signed_in(order["session"])
        if order["status"] == "failed":
            raise TimeoutError(f"BankID refused: {order['hint_code']}")
        time.sleep(POLL_SECONDS)
    raise TimeoutError("BankID did not complete in time")


def nonce_in(address: str) -> str:
    """It stands in the fragment, which no server sees."""
    return urlsplit(address).fragment.rpartition("/")[2]


def _approve(stack: Stack, qr: str, personal_number: str) -> None:
    with _phone(stack) as phone:
        orders = phone.get("/sim/orders").raise_for_status().json()
        for order in orders:
            if phone.post(f"/sim/orders/{order['orderRef']}/scan", json={"qr": qr}).is_success:
                approval = {"persona": personal_number}
                phone.post(f"/sim/orders/{order['orderRef']}/approve", json=approval).raise_for_status()
                return
    raise TimeoutError("no order of the simulator shows this code")


def _phone(stack: Stack) -> httpx.Client:
    headers = {"x-emulator-token": stack.control_token}
    return httpx.Client(base_url=stack.bankid_url, headers=headers, timeout=10, trust_env=False)

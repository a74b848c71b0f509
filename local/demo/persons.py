"""A person with a BankID: reads the code off the screen with the simulator's app, and approves."""

import time
from typing import Any, Final

import httpx

from local.demo.client import Client
from local.stack import Stack

POLL_SECONDS: Final = 1.0
LIMIT_SECONDS: Final = 30


def sign_in(client: Client, stack: Stack, personal_number: str) -> str:
    """Sign in by QR code; the name that the e-ID stated. Raises ``TimeoutError``."""
    client.ask("POST", "/api/v1/bankid/orders", expect=201)
    has_approved = False
    for _ in range(LIMIT_SECONDS):
        order: dict[str, Any] = client.ask("GET", "/api/v1/bankid/order")
        if order["status"] == "complete":
            return client.signed_in(order["session"])
        if order["status"] == "failed":
            raise TimeoutError(f"BankID refused: {order['hint_code']}")
        if order["qr"] and not has_approved:
            _approve(stack, order["qr"], personal_number)
            has_approved = True
        time.sleep(POLL_SECONDS)
    raise TimeoutError("BankID did not complete in time")


def _approve(stack: Stack, qr: str, personal_number: str) -> None:
    headers = {"x-emulator-token": stack.control_token}
    with httpx.Client(base_url=stack.bankid_url, headers=headers, timeout=10, trust_env=False) as phone:
        orders = phone.get("/sim/orders").raise_for_status().json()
        for order in orders:
            if phone.post(f"/sim/orders/{order['orderRef']}/scan", json={"qr": qr}).is_success:
                approval = {"persona": personal_number}
                phone.post(f"/sim/orders/{order['orderRef']}/approve", json=approval).raise_for_status()
                return
    raise TimeoutError("no order of the simulator shows this code")

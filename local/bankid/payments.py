"""What a payment tells of itself. Source: BankID RP API v6.0, ``/payment`` and ``/other/payment``.

How long the texts may be, BankID does not say.
"""

import re
from dataclasses import dataclass

from local.bankid.fields import Members, members_of, text
from local.bankid.refusals import invalid_parameters

TRANSACTION_TYPES = ("card", "npa")
RISK_FLAGS = frozenset(
    {
        "newCard",
        "newCustomer",
        "newRecipient",
        "highRiskRecipient",
        "largeAmount",
        "foreignCurrency",
        "cryptoCurrencyPurchase",
        "moneyTransfer",
        "overseasTransaction",
        "recurringPayment",
        "suspiciousPaymentPattern",
        "other",
    }
)
RECIPIENT_CHARACTERS = 100
RISK_WARNING_CHARACTERS = 1_000

_AMOUNT = re.compile(r"[0-9]{1,15},[0-9]{2}")
"""With a decimal comma; BankID refuses the dot."""

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """``amount`` is as it came, with its currency: ``100,00 SEK``."""

    transaction_type: str
    recipient: str
    amount: str | None
    risk_warning: str | None


def parse_payment(body: Members) -> Payment:
    """Raises ``RefusalError``."""
    type_fault = "transactionType is not a valid transaction type"
    transaction = members_of(body, "userVisibleTransaction", type_fault)
    transaction_type = transaction.get("transactionType")
    if not isinstance(transaction_type, str) or transaction_type not in TRANSACTION_TYPES:
        raise invalid_parameters(type_fault)
    name_fault = "Recipient name is invalid"
    recipient = text(members_of(transaction, "recipient", name_fault), "name", RECIPIENT_CHARACTERS, name_fault)
    if recipient is None:
        raise invalid_parameters(name_fault)
    return Payment(
        transaction_type=transaction_type,
        recipient=recipient,
        amount=_amount(transaction, transaction_type),
        risk_warning=text(transaction, "riskWarning", RISK_WARNING_CHARACTERS, "Invalid request"),
    )


def check_risk_flags(body: Members) -> None:
    """Raises ``RefusalError``."""
    flags = body.get("riskFlags", [])
    if not isinstance(flags, list) or not all(isinstance(one, str) and one in RISK_FLAGS for one in flags):
        raise invalid_parameters("Invalid request")


def _amount(transaction: Members, transaction_type: str) -> str | None:
    if transaction.get("money") is None:
        return None
    fault = invalid_parameters("money has invalid amount or currency")
    money = transaction["money"]
    if transaction_type == "npa" or not isinstance(money, dict):
        raise fault
    amount, currency = money.get("amount"), money.get("currency")
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise fault
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise fault
    return f"{amount} {currency}"

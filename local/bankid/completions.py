"""``completionData``, as ``/collect`` gives it for a completed order. Source: BankID RP API v6.0, ``/collect``."""

import base64
import hashlib
from datetime import datetime

from cryptography import x509

from local.bankid.bank import SimulatedBank
from local.bankid.personas import Persona
from local.bankid.start_requests import StartRequest

ISSUE_DATES = ("2020-02-01", "2023-11-29Z")
"""BankID gives both forms; here it depends on the person."""

_DATE_CHARACTERS = len("2020-02-01")


def completion_data(
    bank: SimulatedBank,
    persona: Persona,
    request: StartRequest,
    rp: x509.Certificate,
    *,
    ip: str,
    risk: str | None,
    is_document_read: bool = True,
    now: datetime,
) -> dict[str, object]:
    """``ip`` is where the app is; ``is_document_read`` is how the check of a passport ended, where one was wanted."""
    hardware_id = base64.b64encode(
        hashlib.sha1(persona.personal_number.encode(), usedforsecurity=False).digest()
    ).decode()
    evidence = bank.sign(persona, request, rp=rp, hardware_id=hardware_id, now=now)
    completion: dict[str, object] = {
        "user": {
            "personalNumber": persona.personal_number,
            "name": persona.name,
            "givenName": persona.given_name,
            "surname": persona.surname,
        },
        "device": {"ipAddress": ip, "uhi": hardware_id},
        "bankIdIssueDate": _issued(persona, now),
        "signature": evidence.signature,
        "ocspResponse": evidence.ocsp_response,
    }
    if request.requirement.mrtd:
        completion["stepUp"] = {"mrtd": is_document_read}
    if risk is not None and (request.return_risk or request.requirement.risk is not None):
        completion["risk"] = risk
    return completion


def _issued(persona: Persona, now: datetime) -> str:
    date = ISSUE_DATES[int(persona.personal_number) % len(ISSUE_DATES)]
    return f"{now:%Y-%m-%d}{date[_DATE_CHARACTERS:]}" if persona.is_new else date

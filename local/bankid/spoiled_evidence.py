"""Evidence that does not bear out what it stands for: wrong in one place, and right in all others."""

import base64
import hashlib
import re
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.x509.oid import NameOID

from local.bankid.bank import SimulatedBank
from local.bankid.fault_kinds import EvidenceFault
from local.bankid.personas import PERSONAS, Persona
from local.bankid.rp_answers import Members, RpAnswer
from local.bankid.start_requests import Kind

_DATA = re.compile("<bankIdSignedData .*</bankIdSignedData>", re.DOTALL)
_DIGEST = re.compile("<DigestValue>[^<]*</DigestValue>")
_CERTIFICATE = re.compile("<X509Certificate>([^<]*)</X509Certificate>")
_FUNCTION = re.compile("<funcId>[^<]*</funcId>")

_OTHER_DIGEST = f"<DigestValue>{base64.b64encode(hashlib.sha256(b'of something else').digest()).decode()}</DigestValue>"


def spoil_evidence(kind: EvidenceFault, answer: RpAnswer, *, bank: SimulatedBank, now: datetime) -> RpAnswer | None:
    """The answer with other evidence; None when it has none."""
    members = answer.members or {}
    completion = members.get("completionData")
    if not isinstance(completion, dict):
        return None
    return answer.saying({**members, "completionData": completion | _evidence(kind, completion, bank, now)})


def _evidence(kind: EvidenceFault, completion: Members, bank: SimulatedBank, now: datetime) -> Members:
    signature = cast("str", completion["signature"])
    document = base64.b64decode(signature).decode()
    data = _found(_DATA, document)
    person = x509.load_der_x509_certificate(base64.b64decode(_found(_CERTIFICATE, document, 1)))
    witnessed = signature
    revoked_at = None
    match kind:
        case EvidenceFault.BROKEN_DIGEST:
            document = _DIGEST.sub(_OTHER_DIGEST, document, count=1)
            signature = witnessed = base64.b64encode(document.encode()).decode()
        case EvidenceFault.OTHER_CERTIFICATE:
            person = bank.certify(_somebody_else(person), now)
            signature = witnessed = bank.signature(data, person)
        case EvidenceFault.WRONG_FUNCTION:
            is_auth = f"<funcId>{Kind.AUTH.value}</funcId>" in data
            other = Kind.SIGN if is_auth else Kind.AUTH
            signature = witnessed = bank.signature(_FUNCTION.sub(f"<funcId>{other.value}</funcId>", data), person)
        case EvidenceFault.WRONG_NONCE:
            witnessed = f"{signature}of something else"
        case EvidenceFault.REVOKED:
            revoked_at = now
    return {"signature": signature, "ocspResponse": bank.ocsp(person, witnessed, now, revoked_at=revoked_at)}


def _found(pattern: re.Pattern[str], document: str, group: int = 0) -> str:
    match = pattern.search(document)
    assert match is not None
    return match[group]


def _somebody_else(person: x509.Certificate) -> Persona:
    (number,) = person.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return next(one for one in PERSONAS.values() if one.personal_number != number.value)

"""What stands behind a completed order: a certificate for the person, their signature, and the bank's OCSP answer.

Source: BankID's signature profile 1.0; RFC 6960. The signer of the OCSP answer has the issuer of the person's
certificate; the nonce begins with the SHA-1 of the signature's base64 text.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from local.bankid.certificates import NAME_OID, make_authority, make_leaf, name, new_rsa_key
from local.bankid.personas import Persona
from local.bankid.start_requests import StartRequest
from local.bankid.xml_signature import sign_xml, signed_data

MOBILE_BANKID = x509.ObjectIdentifier("1.2.3.4.25")
"""The policy of a Mobile BankID in BankID's test environment."""

NONCE_RANDOM_BYTES = 12
OCSP_LIFETIME = timedelta(minutes=5)

_OCSP_ADDRESS = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.invalid/"))]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Both in base64, as BankID delivers them."""

    signature: str
    ocsp_response: str


class SimulatedBank:
    """Root, bank, customer authority and the people under it."""

    def __init__(self) -> None:
        self.root = make_authority("Simulated BankID Root CA")
        bank = make_authority("Simulated bank CA", self.root)
        self._customers = make_authority("Simulated customer CA", bank)
        self._authorities = (self._customers, bank)
        self._responder = make_leaf(
            name("Simulated OCSP signer"), self._customers, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        )
        # One key for everybody: making keys is what takes time, and nothing rests on their being apart.
        self._key = new_rsa_key()

    def sign(
        self, persona: Persona, request: StartRequest, *, rp: x509.Certificate, hardware_id: str, now: datetime
    ) -> Evidence:
        """What the app and the bank would have produced."""
        person = self.certify(persona, now)
        signature = self.signature(signed_data(request, rp, hardware_id), person)
        return Evidence(signature=signature, ocsp_response=self.ocsp(person, signature, now))

    def certify(self, persona: Persona, now: datetime) -> x509.Certificate:
        """A fresh certificate for this person."""
        person = make_leaf(
            _person_name(persona, now),
            self._customers,
            x509.CertificatePolicies([x509.PolicyInformation(MOBILE_BANKID, None)]),
            _OCSP_ADDRESS,
            key=self._key,
        )
        return person.certificate

    def signature(self, data: str, person: x509.Certificate) -> str:
        """Over ``data`` with the key of ``person``, in base64."""
        authorities = [authority.certificate_der for authority in self._authorities]
        document = sign_xml(data, self._key, [person.public_bytes(Encoding.DER), *authorities])
        return base64.b64encode(document.encode()).decode()

    def ocsp(
        self, person: x509.Certificate, signature: str, now: datetime, *, revoked_at: datetime | None = None
    ) -> str:
        """The bank's answer on ``person``, bound to ``signature``, in base64."""
        digest = hashlib.sha1(signature.encode(), usedforsecurity=False).digest()
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=person,
                issuer=self._customers.certificate,
                algorithm=hashes.SHA1(),  # noqa: S303 - how the profile names certificates
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + OCSP_LIFETIME,
                revocation_time=revoked_at,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, self._responder.certificate)
            .certificates([self._responder.certificate])
            .add_extension(x509.OCSPNonce(digest + os.urandom(NONCE_RANDOM_BYTES)), critical=False)
            .sign(self._responder.key, hashes.SHA256())
        )
        return base64.b64encode(answer.public_bytes(Encoding.DER)).decode()


def _person_name(persona: Persona, now: datetime) -> x509.Name:
    return name(
        persona.name,
        (NameOID.SURNAME, persona.surname),
        (NameOID.GIVEN_NAME, persona.given_name),
        (NameOID.SERIAL_NUMBER, persona.personal_number),
        (NAME_OID, f"({now:%y%m%d %H.%M}) {persona.name} - Mobilt BankID"),
    )

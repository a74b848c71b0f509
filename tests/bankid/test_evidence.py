"""The evidence of a completed order verifies as the real one does, link by link."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from local.bankid.bank import SimulatedBank
from local.bankid.certificates import NAME_OID, make_authority, make_leaf, name
from local.bankid.completions import completion_data
from local.bankid.personas import PERSONAS
from local.bankid.start_requests import Endpoint, parse_start

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEXT = base64.b64encode("*Logga in* på portalen för att läsa.".encode()).decode()
BANK = SimulatedBank()
RP = make_leaf(name("FP", (NAME_OID, "Kommunen")), make_authority("RP CA")).certificate
BODY: dict[str, object] = {
    "endUserIp": "192.0.2.7",
    "userVisibleData": TEXT,
    "userVisibleDataFormat": "simpleMarkdownV1",
    "userNonVisibleData": base64.b64encode(b"case 1").decode(),
    "requirement": {"pinCode": True, "cardReader": "class1", "certificatePolicies": ["1.2.3.4.25"]},
}


def evidence(endpoint: Endpoint = Endpoint.AUTH, key: str = "asa") -> tuple[str, str, bytes]:
    """The XML, the base64 text that it came in, and the OCSP answer (DER)."""
    data = completion_data(BANK, PERSONAS[key], parse_start(endpoint, BODY), RP, ip="192.0.2.7", risk="low", now=NOW)
    signature, response = data["signature"], data["ocspResponse"]
    assert isinstance(signature, str)
    assert isinstance(response, str)
    return base64.b64decode(signature).decode(), signature, base64.b64decode(response)


def fragment(xml: str, tag: str) -> str:
    (found,) = re.findall(rf"<{tag}[ >].*?</{tag}>", xml)
    assert isinstance(found, str)
    return found


def chain(xml: str) -> list[x509.Certificate]:
    texts = re.findall("<X509Certificate>(.*?)</X509Certificate>", xml)
    return [x509.load_der_x509_certificate(base64.b64decode(text)) for text in texts]


@pytest.mark.parametrize("tag", ["SignedInfo", "KeyInfo", "bankIdSignedData"])
def test_every_fragment_is_its_own_canonical_form(tag: str) -> None:
    """So that what stands in the document can be hashed as it stands, as with BankID's own sample."""
    found = fragment(evidence()[0], tag)
    assert ET.canonicalize(found) == found


def test_the_digests_are_those_of_the_fragments() -> None:
    """First what was signed, then the certificates."""
    xml, _, _ = evidence()
    digests = re.findall("<DigestValue>(.*?)</DigestValue>", xml)
    expected = [
        base64.b64encode(hashlib.sha256(fragment(xml, tag).encode()).digest()).decode()
        for tag in ("bankIdSignedData", "KeyInfo")
    ]
    assert digests == expected


def test_the_signature_verifies_with_the_persons_key() -> None:
    """Raises if it does not."""
    xml, _, _ = evidence()
    key = chain(xml)[0].public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    value = base64.b64decode(fragment(xml, "SignatureValue").removeprefix("<SignatureValue>")[:-17])
    key.verify(value, fragment(xml, "SignedInfo").encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_certificates_lead_to_the_root_which_is_not_among_them() -> None:
    """Person, customer authority, bank; the root comes by another way."""
    certificates = chain(evidence()[0])
    assert len(certificates) == 3
    for certificate, issuer in zip(certificates, [*certificates[1:], BANK.root.certificate], strict=True):
        certificate.verify_directly_issued_by(issuer)


def test_the_certificate_is_the_persons() -> None:
    """Number, names and the mark that none of it is real."""
    subject = chain(evidence(key="asa")[0])[0].subject
    texts = {attribute.oid: attribute.value for attribute in subject}
    assert texts[NameOID.SERIAL_NUMBER] == "199006022397"
    assert texts[NameOID.COMMON_NAME] == "Åsa-Märta Öberg Sjöström"
    assert texts[NameOID.SURNAME] == "Öberg Sjöström"
    assert texts[NameOID.ORGANIZATION_NAME] == "SIMULATOR - NOT REAL"


@pytest.mark.parametrize(("endpoint", "function"), [(Endpoint.AUTH, "Identification"), (Endpoint.SIGN, "Signing")])
def test_the_signature_is_over_what_the_person_saw(endpoint: Endpoint, function: str) -> None:
    """The texts as they were sent, their format, who asked, and what for."""
    data = fragment(evidence(endpoint)[0], "bankIdSignedData")
    assert (
        f'<usrVisibleData charset="UTF-8" format="simpleMarkdownV1" visible="wysiwys">{TEXT}</usrVisibleData>' in data
    )
    assert f"<usrNonVisibleData>{BODY['userNonVisibleData']}</usrNonVisibleData>" in data
    assert f"<displayName>{base64.b64encode(b'Kommunen').decode()}</displayName>" in data
    assert f"<funcId>{function}</funcId>" in data
    assert "<condition><type>CertificatePolicies</type><value>1.2.3.4.25</value></condition>" in data
    assert "<condition><type>CardReader</type><value>class1</value></condition>" in data
    assert "<condition><type>PinCode</type><value>true</value></condition>" in data


def test_the_ocsp_answer_is_bound_to_the_signature() -> None:
    """By the nonce, by the person's certificate, and by a signer of the same issuer."""
    xml, signature, der = evidence()
    person, customers = chain(xml)[:2]
    response = ocsp.load_der_ocsp_response(der)
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == person.serial_number
    assert response.this_update_utc == NOW
    nonce = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    assert len(nonce) == 32
    assert nonce[:20] == hashlib.sha1(signature.encode(), usedforsecurity=False).digest()
    (signer,) = response.certificates
    signer.verify_directly_issued_by(customers)
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    assert algorithm is not None
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)


def test_every_order_has_its_own_evidence() -> None:
    """Nonces are fresh even if everything else is the same."""
    assert evidence()[0] != evidence()[0]

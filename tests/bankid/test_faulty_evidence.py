"""Evidence that does not hold: wrong in the one place that its fault names, right in every other."""

import base64
import hashlib
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from local.bankid.fault_kinds import EvidenceFault
from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId


async def completed(
    bankid: RunningBankId, app: RemoteBankId, method: str = "auth", text: str = "TG9nZ2EgaW4="
) -> dict[str, Any]:
    async with bankid.wire() as wire:
        start = await wire.post(method, json={"endUserIp": "192.0.2.7", "userVisibleData": text})
        ref = start.json()["orderRef"]
        await app.scan(ref)
        await app.approve(ref, "asa")
        found: dict[str, Any] = (await wire.post("collect", json={"orderRef": ref})).json()["completionData"]
    return found


def fragment(document: str, tag: str) -> str:
    (found,) = re.findall(rf"<{tag}[ >].*?</{tag}>", document)
    assert isinstance(found, str)
    return found


def verifies(key: object, signature: bytes, signed: bytes) -> bool:
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def flaws(completion: dict[str, Any], root: x509.Certificate, function: str = "Identification") -> set[str]:
    """What somebody finds who checks it all."""
    document = base64.b64decode(completion["signature"]).decode()
    texts = re.findall("<X509Certificate>(.*?)</X509Certificate>", document)
    chain = [x509.load_der_x509_certificate(base64.b64decode(text)) for text in texts]
    for certificate, issuer in zip(chain, [*chain[1:], root], strict=True):
        certificate.verify_directly_issued_by(issuer)
    answer = ocsp.load_der_ocsp_response(base64.b64decode(completion["ocspResponse"]))
    (signer,) = answer.certificates
    signer.verify_directly_issued_by(chain[1])
    digests = re.findall("<DigestValue>(.*?)</DigestValue>", document)
    hashed = [hashlib.sha256(fragment(document, tag).encode()).digest() for tag in ("bankIdSignedData", "KeyInfo")]
    value = re.findall("<SignatureValue>(.*?)</SignatureValue>", document)[0]
    numbers = chain[0].subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    nonce = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    bound = hashlib.sha1(completion["signature"].encode(), usedforsecurity=False).digest()
    checks = {
        "digest": [base64.b64decode(digest) for digest in digests] == hashed,
        "signature": verifies(
            chain[0].public_key(), base64.b64decode(value), fragment(document, "SignedInfo").encode()
        ),
        "person": [number.value for number in numbers] == [completion["user"]["personalNumber"]],
        "function": f"<funcId>{function}</funcId>" in document,
        "nonce": nonce[:20] == bound,
        "status": answer.certificate_status is ocsp.OCSPCertStatus.GOOD,
        "ocsp certificate": answer.serial_number == chain[0].serial_number,
        "ocsp signature": verifies(signer.public_key(), answer.signature, answer.tbs_response_bytes),
    }
    return {name for name, holds in checks.items() if not holds}


FLAWS = {
    # The signature is over the digests: whoever changes one cannot sign anew.
    EvidenceFault.BROKEN_DIGEST: {"digest", "signature"},
    EvidenceFault.OTHER_CERTIFICATE: {"person"},
    EvidenceFault.WRONG_FUNCTION: {"function"},
    EvidenceFault.WRONG_NONCE: {"nonce"},
    EvidenceFault.REVOKED: {"status"},
}


@pytest.mark.parametrize("method", ["auth", "sign"])
@pytest.mark.parametrize("kind", EvidenceFault)
async def test_evidence_fails_where_it_should(
    bankid: RunningBankId, app: RemoteBankId, kind: EvidenceFault, method: str
) -> None:
    """And the next one holds."""
    root = x509.load_pem_x509_certificate(bankid.files.customer_root.read_bytes())
    function = "Identification" if method == "auth" else "Signing"
    await app.fault(kind)
    assert flaws(await completed(bankid, app, method), root, function) == FLAWS[kind]
    assert await app.struck() == [(kind.value, "collect")]
    assert flaws(await completed(bankid, app, method), root, function) == set()

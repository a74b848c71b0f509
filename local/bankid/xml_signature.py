"""The XML signature of a completed order, in BankID's layout.

Source: BankID's signature profile 1.0; XML Signature (W3C). The XML is written without white space, with ``xmlns``
first and the other attributes in alphabetical order, and with long end tags: each fragment is then its own canonical
form (Canonical XML 1.0), so that it is hashed and signed as it stands.
"""

import base64
import hashlib
import os
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from local.bankid.certificates import NAME_OID
from local.bankid.start_requests import StartRequest

DSIG = "http://www.w3.org/2000/09/xmldsig#"
TYPES = "http://www.bankid.com/signature/v1.0.0/types"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

APP_VERSION = "7.99.0"
NONCE_BYTES = 20

_RP_NAME_PARTS = (
    ("cn", NameOID.COMMON_NAME),
    ("name", NAME_OID),
    ("serialNumber", NameOID.SERIAL_NUMBER),
    ("o", NameOID.ORGANIZATION_NAME),
)


def signed_data(request: StartRequest, rp: x509.Certificate, hardware_id: str) -> str:
    """``bankIdSignedData``: what the person saw, who asked, and with which app it was approved."""
    return (
        f'<bankIdSignedData xmlns="{TYPES}" Id="bidSignedData">'
        f"{_data(request)}{_relying_party(rp)}{_client(request, hardware_id)}</bankIdSignedData>"
    )


def sign_xml(data: str, key: rsa.RSAPrivateKey, chain: Iterable[bytes]) -> str:
    """The whole document. ``chain`` is DER, the person's certificate first, without the root."""
    certificates = "".join(f"<X509Certificate>{_base64(one)}</X509Certificate>" for one in chain)
    key_info = f'<KeyInfo xmlns="{DSIG}" Id="bidKeyInfo"><X509Data>{certificates}</X509Data></KeyInfo>'
    data_reference = _reference("bidSignedData", data, f' Type="{TYPES}"')
    signed_info = (
        f'<SignedInfo xmlns="{DSIG}"><CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"></SignatureMethod>'
        f"{data_reference}{_reference('bidKeyInfo', key_info)}</SignedInfo>"
    )
    value = _base64(key.sign(signed_info.encode(), padding.PKCS1v15(), hashes.SHA256()))
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><Signature xmlns="{DSIG}">{signed_info}'
        f"<SignatureValue>{value}</SignatureValue>{key_info}<Object>{data}</Object></Signature>"
    )


def _reference(identifier: str, fragment: str, attributes: str = "") -> str:
    digest = _base64(hashlib.sha256(fragment.encode()).digest())
    return (
        f'<Reference{attributes} URI="#{identifier}">'
        f'<Transforms><Transform Algorithm="{C14N}"></Transform></Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"></DigestMethod><DigestValue>{digest}</DigestValue></Reference>'
    )


def _data(request: StartRequest) -> str:
    parts = ""
    if request.visible_data is not None:
        is_marked_up = request.visible_format == "simpleMarkdownV1"
        markup = ' format="simpleMarkdownV1"' if is_marked_up else ""
        parts += f'<usrVisibleData charset="UTF-8"{markup} visible="wysiwys">{request.visible_data}</usrVisibleData>'
    if request.non_visible_data is not None:
        parts += f"<usrNonVisibleData>{request.non_visible_data}</usrNonVisibleData>"
    return parts


def _relying_party(rp: x509.Certificate) -> str:
    texts = {label: _subject_text(rp, identifier) for label, identifier in _RP_NAME_PARTS}
    full_name = ",".join(f"{label}={text}" for label, text in texts.items()) + ",c=se"
    return (
        f"<srvInfo><name>{_base64(full_name)}</name><nonce>{_base64(os.urandom(NONCE_BYTES))}</nonce>"
        f"<displayName>{_base64(texts['name'])}</displayName></srvInfo>"
    )


def _subject_text(certificate: x509.Certificate, identifier: x509.ObjectIdentifier) -> str:
    return "".join(str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(identifier))


def _client(request: StartRequest, hardware_id: str) -> str:
    return (
        f"<clientInfo><funcId>{request.kind.value}</funcId><version>{_base64(APP_VERSION)}</version><env><ai>"
        f"<type>{_base64('SIMULATOR')}</type><deviceInfo>{_base64('SIMULATOR - NOT REAL')}</deviceInfo>"
        f"<uhi>{hardware_id}</uhi><fsib>0</fsib><utb>cs1</utb>{_requirement(request)}<uauth>pw</uauth>"
        "</ai></env></clientInfo>"
    )


def _requirement(request: StartRequest) -> str:
    required = request.requirement
    conditions = [("CertificatePolicies", policy) for policy in required.certificate_policies]
    if required.card_reader is not None:
        conditions.append(("CardReader", required.card_reader))
    if required.pin_code:
        conditions.append(("PinCode", "true"))
    if required.mrtd:
        conditions.append(("Mrtd", "true"))
    if not conditions:
        return ""
    texts = "".join(f"<condition><type>{kind}</type><value>{value}</value></condition>" for kind, value in conditions)
    return f"<requirement>{texts}</requirement>"


def _base64(content: bytes | str) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()

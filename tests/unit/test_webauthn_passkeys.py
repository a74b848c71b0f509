"""Passkeys as the adapter checks them: nothing but a verified user, our own page and our own challenge counts."""

import base64
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.webauthn_passkeys import WebAuthnPasskeys
from shared.domain.errors import FactorRefusedError
from shared.domain.passkeys import Asserted, Created, Credential
from tests.support.authenticator import Authenticator, b64, unb64

ORIGIN, RP = "https://pic.example", "pic.example"
RULES = WebAuthnPasskeys(rp_id=RP, origin=ORIGIN)
CHALLENGE = os.urandom(32)


def created(answer: dict[str, Any]) -> Created:
    response = answer["response"]
    return Created(
        credential=answer["id"],
        client_data=unb64(response["clientDataJSON"]),
        attestation=unb64(response["attestationObject"]),
    )


def asserted(answer: dict[str, Any]) -> Asserted:
    response = answer["response"]
    return Asserted(
        credential=answer["id"],
        client_data=unb64(response["clientDataJSON"]),
        authenticator_data=unb64(response["authenticatorData"]),
        signature=unb64(response["signature"]),
        user_handle=unb64(response["userHandle"]),
    )


def options(challenge: bytes = CHALLENGE) -> dict[str, Any]:
    return {"challenge": b64(challenge), "user": {"id": b64(b"handle")}}


def enrolled(authenticator: Authenticator) -> Credential:
    return RULES.check_created(created(authenticator.create(options())), challenge=CHALLENGE)


def honest() -> Authenticator:
    return Authenticator(origin=ORIGIN, rp_id=RP)


def test_an_honest_passkey_is_made_and_signs() -> None:
    """Without this the rest would prove nothing."""
    authenticator = honest()
    made = enrolled(authenticator)
    assert (made.credential, made.sign_count) == (b64(authenticator.id), 1)
    answer = asserted(authenticator.get(options()))
    assert RULES.check_asserted(answer, public_key=made.public_key, challenge=CHALLENGE) == 2


LIES: dict[str, Callable[[Authenticator], None]] = {
    "another origin": lambda a: setattr(a, "origin", "https://pic.example.evil.example"),
    "an origin without TLS": lambda a: setattr(a, "origin", "http://pic.example"),
    "another port": lambda a: setattr(a, "origin", "https://pic.example:8443"),
    "another relying party": lambda a: setattr(a, "rp_id", "evil.example"),
    "a parent domain": lambda a: setattr(a, "rp_id", "example"),
    "nobody verified": lambda a: setattr(a, "is_verifying", False),
    "nobody present": lambda a: setattr(a, "is_present", False),
    "in a frame of another site": lambda a: setattr(a, "cross_origin", True),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_was_made_elsewhere_or_for_nobody_is_refused(lie: str) -> None:
    """A phishing page can relay everything, but the browser states the page's own address."""
    liar = honest()
    LIES[lie](liar)
    with pytest.raises(FactorRefusedError):
        enrolled(liar)
    authenticator = honest()
    made = enrolled(authenticator)
    LIES[lie](authenticator)
    with pytest.raises(FactorRefusedError):
        RULES.check_asserted(asserted(authenticator.get(options())), public_key=made.public_key, challenge=CHALLENGE)


def test_another_challenge_is_refused() -> None:
    """Of another sign-in, or of another browser."""
    authenticator = honest()
    made = enrolled(authenticator)
    other = options(os.urandom(32))
    with pytest.raises(FactorRefusedError):
        RULES.check_asserted(asserted(authenticator.get(other)), public_key=made.public_key, challenge=CHALLENGE)
    with pytest.raises(FactorRefusedError):
        RULES.check_created(created(honest().create(other)), challenge=CHALLENGE)


def test_another_key_is_refused() -> None:
    """A signature by whoever else, under the name of this passkey."""
    authenticator, thief = honest(), honest()
    made = enrolled(authenticator)
    thief.id = authenticator.id
    with pytest.raises(FactorRefusedError):
        RULES.check_asserted(asserted(thief.get(options())), public_key=made.public_key, challenge=CHALLENGE)


def test_making_is_not_signing_and_signing_is_not_making() -> None:
    """What a browser states it was asked for is part of what is signed."""
    authenticator = honest()
    made = enrolled(authenticator)
    answer = authenticator.get(options())
    answer["response"]["clientDataJSON"] = b64(
        unb64(answer["response"]["clientDataJSON"]).replace(b"webauthn.get", b"webauthn.create")
    )
    with pytest.raises(FactorRefusedError):
        RULES.check_asserted(asserted(answer), public_key=made.public_key, challenge=CHALLENGE)


def test_a_credential_under_another_name_is_refused() -> None:
    """What the browser calls it must be what the authenticator calls it, or one could take another's place."""
    answer = honest().create(options())
    answer["id"] = b64(os.urandom(32))
    with pytest.raises(FactorRefusedError):
        RULES.check_created(created(answer), challenge=CHALLENGE)


@pytest.mark.parametrize("format_", ["tpm", "android-key", "android-safetynet", "apple", "fido-u2f", "x", "packed"])
def test_attestations_are_not_looked_into(format_: str) -> None:
    """Certificates of makers are a large parser for strangers to try, and we asked for none."""
    liar = honest()
    liar.format = format_
    with pytest.raises(FactorRefusedError):
        enrolled(liar)


def test_a_genuine_attestation_with_a_certificate_is_refused_as_well() -> None:
    """It would verify; but nothing of a certificate is to be parsed (WebAuthn level 3, section 8.6)."""
    authenticator = honest()
    answer = authenticator.create(options())
    data = cbor2.loads(unb64(answer["response"]["attestationObject"]))["authData"]
    maker, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "maker")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(maker.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    certificate = builder.sign(maker, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    point = authenticator.key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    client_data = hashlib.sha256(unb64(answer["response"]["clientDataJSON"])).digest()
    signed = b"\0" + data[:32] + client_data + authenticator.id + point
    statement = {"sig": maker.sign(signed, ec.ECDSA(hashes.SHA256())), "x5c": [certificate]}
    answer["response"]["attestationObject"] = b64(
        cbor2.dumps({"fmt": "fido-u2f", "attStmt": statement, "authData": data})
    )
    with pytest.raises(FactorRefusedError):
        RULES.check_created(created(answer), challenge=CHALLENGE)


def test_an_algorithm_that_was_not_offered_is_refused() -> None:
    """SHA-1 with RSA, for one (-65535)."""
    answer = honest().create(options())
    attestation = cbor2.loads(unb64(answer["response"]["attestationObject"]))
    attestation["authData"] = attestation["authData"].replace(b"\x03\x26", b"\x03\x39\xff\xfe")
    answer["response"]["attestationObject"] = b64(cbor2.dumps(attestation))
    with pytest.raises(FactorRefusedError):
        RULES.check_created(created(answer), challenge=CHALLENGE)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_arrives_is_a_passkey_or_is_refused(data: st.DataObject) -> None:
    """Bytes changed, cut, doubled or made up in any part: one answer, and no other error ever.

    What is made is not signed without attestation: of it some changes give another passkey, and none a crash.
    """
    authenticator = honest()
    made = enrolled(authenticator)
    answer = authenticator.create(options()) if data.draw(st.booleans()) else authenticator.get(options())
    parts = sorted(answer["response"])
    part = parts[data.draw(st.integers(0, 3)) % len(parts)]
    whole = unb64(answer["response"][part])
    at = data.draw(st.integers(0, 1000)) % len(whole)
    some = data.draw(st.binary(max_size=40))
    ways = [whole[:at], whole[:at] + some + whole[at + 1 :], some, whole * 2, b"{}", b"[]"]
    changed = ways[data.draw(st.integers(0, len(ways) - 1))]
    if changed == whole or part == "userHandle":  # The handle is judged by whoever asked.
        return
    answer["response"][part] = base64.urlsafe_b64encode(changed).decode().rstrip("=")
    if "attestationObject" in answer["response"]:
        with suppress(FactorRefusedError):
            RULES.check_created(created(answer), challenge=CHALLENGE)
    else:
        with pytest.raises(FactorRefusedError):
            RULES.check_asserted(asserted(answer), public_key=made.public_key, challenge=CHALLENGE)


@pytest.mark.parametrize("key", ["", "AAAA", b64(cbor2.dumps({1: 2})), b64(cbor2.dumps([]))])
def test_a_damaged_public_key_opens_nothing(key: str) -> None:
    """Nothing verifies under it."""
    authenticator = honest()
    enrolled(authenticator)
    with pytest.raises(FactorRefusedError):
        RULES.check_asserted(asserted(authenticator.get(options())), public_key=key, challenge=CHALLENGE)

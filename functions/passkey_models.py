"""Passkeys on the wire: what the browser's own functions take and give as JSON (WebAuthn level 3, section 5.1.8)."""

import base64
from typing import Annotated, Literal, TypeAlias

from fastapi import Cookie, Response
from pydantic import BaseModel, Field

from functions.dependencies import PASSKEY_COOKIE
from functions.models import Strict
from shared.domain.passkeys import ALGORITHMS, TIMEOUT_SECONDS, Asserted, Created, IssuedChallenge

Flow = Annotated[str, Cookie(alias=PASSKEY_COOKIE, max_length=128, include_in_schema=False)]
"""Which challenge this browser was given; empty: none."""

Encoded: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$", max_length=8192)]
"""Bytes in base64url without padding."""

CredentialId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=1364)]

Milliseconds: TypeAlias = int


class CredentialRef(BaseModel):
    """A passkey by its id."""

    type: Literal["public-key"] = "public-key"
    id: CredentialId


class AlgorithmView(BaseModel):
    """An algorithm by its COSE number."""

    type: Literal["public-key"] = "public-key"
    alg: int


class RelyingParty(BaseModel):
    """The service, as authenticators know it."""

    id: str
    name: str


class Account(BaseModel):
    """The member, as authenticators show them. ``id`` says nothing of who it is."""

    id: Encoded
    name: str
    displayName: str  # noqa: N815 - the name is the specification's


class SelectionView(BaseModel):
    """A passkey that is found without an address, and verifies who holds it."""

    residentKey: Literal["required"] = "required"  # noqa: N815
    requireResidentKey: Literal[True] = True  # noqa: N815
    userVerification: Literal["required"] = "required"  # noqa: N815


class CreationOptions(BaseModel):
    """``PublicKeyCredentialCreationOptionsJSON``: for ``navigator.credentials.create``."""

    rp: RelyingParty
    user: Account
    challenge: Encoded
    pubKeyCredParams: list[AlgorithmView] = [AlgorithmView(alg=number) for number in ALGORITHMS]  # noqa: N815
    timeout: Milliseconds = TIMEOUT_SECONDS * 1000
    excludeCredentials: list[CredentialRef]  # noqa: N815
    authenticatorSelection: SelectionView = SelectionView()  # noqa: N815
    attestation: Literal["none"] = "none"


class RequestOptions(BaseModel):
    """``PublicKeyCredentialRequestOptionsJSON``: for ``navigator.credentials.get``."""

    challenge: Encoded
    timeout: Milliseconds = TIMEOUT_SECONDS * 1000
    rpId: str  # noqa: N815
    allowCredentials: list[CredentialRef] = []  # noqa: N815
    userVerification: Literal["required"] = "required"  # noqa: N815


class AttestationView(Strict):
    """What the browser states of a passkey that was made."""

    clientDataJSON: Encoded  # noqa: N815
    attestationObject: Encoded  # noqa: N815


class AssertionView(Strict):
    """What the browser states of a challenge that was signed."""

    clientDataJSON: Encoded  # noqa: N815
    authenticatorData: Encoded  # noqa: N815
    signature: Encoded
    userHandle: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=88)]  # noqa: N815


class NewPasskey(Strict):
    """A passkey that was made, and what its owner calls it."""

    name: Annotated[str, Field(max_length=200)]
    id: CredentialId
    response: AttestationView

    def created(self) -> Created:
        return Created(
            credential=self.id,
            client_data=decoded(self.response.clientDataJSON),
            attestation=decoded(self.response.attestationObject),
        )


class PasskeyProof(Strict):
    """A challenge that a passkey has signed."""

    id: CredentialId
    response: AssertionView

    def asserted(self) -> Asserted:
        return Asserted(
            credential=self.id,
            client_data=decoded(self.response.clientDataJSON),
            authenticator_data=decoded(self.response.authenticatorData),
            signature=decoded(self.response.signature),
            user_handle=decoded(self.response.userHandle),
        )


def decoded(text: str) -> bytes:
    """The bytes; none where the text has a length that no bytes have, which then verify as nothing."""
    if len(text) % 4 == 1:
        return b""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes) -> str:
    """The inverse."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def set_flow(response: Response, issued: IssuedChallenge) -> str:
    """Let this browser alone answer the challenge; returns it as the browser's functions take it."""
    response.set_cookie(
        PASSKEY_COOKIE, issued.flow, path="/", secure=True, httponly=True, samesite="strict", max_age=TIMEOUT_SECONDS
    )
    return encoded(issued.challenge)


def clear_flow(response: Response) -> None:
    """Let the browser forget a challenge that was used."""
    response.delete_cookie(PASSKEY_COOKIE, path="/", secure=True, httponly=True, samesite="strict")

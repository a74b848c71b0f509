"""Passkeys, checked by ``webauthn`` (Duo Labs' py_webauthn).

Attestation is not asked for: who made an authenticator says nothing of who holds it, and would make devices
recognisable. Formats that carry certificates are therefore refused before anything of them is parsed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from shared.domain.errors import FactorRefusedError
from shared.domain.passkeys import ALGORITHMS, CREDENTIAL_BYTES, Asserted, Created, Credential

_FORMATS: Final = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})
"""A browser that was asked for none may still pass on a signature by the key itself, which is ``packed``."""


@contextmanager
def _refusing() -> Iterator[None]:
    """All that the library raises for what a stranger sends is one answer."""
    try:
        yield
    except Exception:  # noqa: BLE001 - its own errors, and those of JSON, CBOR, base64 and keys under it; raised anew below
        refused = True
    else:
        refused = False
    if refused:
        # Out here, so that no traceback leads to what was sent.
        raise FactorRefusedError


class WebAuthnPasskeys:
    """Checks for one relying party, ``rp_id``, whose pages are at ``origin``."""

    def __init__(self, *, rp_id: str, origin: str) -> None:
        self._rp_id = rp_id
        self._origin = origin

    def check_created(self, created: Created, *, challenge: bytes) -> Credential:
        with _refusing():
            self._check_frame(created.client_data)
            if parse_attestation_object(created.attestation).fmt not in _FORMATS:
                raise FactorRefusedError
            found = verify_registration_response(
                credential=RegistrationCredential(
                    id=created.credential,
                    raw_id=base64url_to_bytes(created.credential),
                    response=AuthenticatorAttestationResponse(
                        client_data_json=created.client_data, attestation_object=created.attestation
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
            )
            credential = bytes_to_base64url(found.credential_id)
            if credential != created.credential or len(found.credential_id) > CREDENTIAL_BYTES:
                raise FactorRefusedError
            return Credential(
                credential=credential,
                public_key=bytes_to_base64url(found.credential_public_key),
                sign_count=found.sign_count,
            )

    def check_asserted(self, asserted: Asserted, *, public_key: str, challenge: bytes) -> int:
        with _refusing():
            self._check_frame(asserted.client_data)
            return verify_authentication_response(
                credential=AuthenticationCredential(
                    id=asserted.credential,
                    raw_id=base64url_to_bytes(asserted.credential),
                    response=AuthenticatorAssertionResponse(
                        client_data_json=asserted.client_data,
                        authenticator_data=asserted.authenticator_data,
                        signature=asserted.signature,
                        user_handle=asserted.user_handle,
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(public_key),
                # The library would say "wrong" of a count that goes backwards, and we want to tell it from others.
                credential_current_sign_count=0,
                require_user_verification=True,
            ).new_sign_count

    @staticmethod
    def _check_frame(client_data: bytes) -> None:
        # The library reads this and judges nothing by it (WebAuthn level 3, section 7.2, step 12).
        if parse_client_data_json(client_data).cross_origin:
            raise FactorRefusedError

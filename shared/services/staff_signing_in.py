"""Staff sign in with an address and a password."""

from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import DependencyError, NotSignedInError
from shared.domain.sign_in_methods import SignInMethod
from shared.services.proving_passwords import ProvingPasswords
from shared.services.sessions import NewSession, Sessions


class StaffSigningIn:
    """Raises sessions for who proves the password."""

    def __init__(self, *, proving: ProvingPasswords, sessions: Sessions) -> None:
        self._proving = proving
        self._sessions = sessions

    async def sign_in(
        self, address: str, password: str, *, replacing: str | None = None, device: str = UNKNOWN_DEVICE
    ) -> NewSession:
        """A fresh session on this device; the one with the token ``replacing``, which this browser held, ends.

        Raises ``WrongCredentialsError`` alike for an unknown address, a wrong password and someone who was removed,
        after the same work.
        """
        proof = await self._proving.prove(address, password)
        try:
            session = await self._sessions.raise_for_staff(
                proof.organisation,
                proof.staff,
                methods=frozenset({SignInMethod.PASSWORD}),
                replacing=replacing,
                device=device,
            )
        except NotSignedInError:
            raise await self._proving.refuse(proof) from None
        try:
            still_holds = await self._proving.holds(proof)
        except DependencyError:
            await self._sessions.end(session.token, session.principal)
            raise
        if not still_holds:
            await self._sessions.end(session.token, session.principal)
            raise await self._proving.refuse(proof)
        return session

"""Every error that a service or a port may raise, as one tree.

::

    PicError
    ├── NotFoundError              nothing there, or not yours: both answer alike
    ├── NotSignedInError           no valid session
    ├── WrongCredentialsError      address and password do not belong together, or neither is known
    ├── FactorRefusedError         a code or a passkey proves nothing: wrong, old, used, or somebody else's
    ├── ClientRefusedError         an API client that does not prove who it is, whatever is wrong
    ├── NotAllowedError            signed in, but this kind of principal may never do this
    │   └── ScopeMissingError      an API client without the ``scope`` that this needs
    ├── AgreementRequiredError     the organisation has not accepted the processing agreement
    ├── SecondFactorRequiredError  signed in, but a second factor has to be set up before anything else
    ├── StepUpRequiredError        signed in, but too long ago for this act: prove it anew
    ├── AssuranceTooLowError       signed in, but by an e-ID of a lower level than ``required``
    ├── OtherBrowserError          a return from an e-ID that this browser did not start
    ├── SignInRefusedError         the e-ID identified someone, and a rule of ours says no; ``reason`` says which
    ├── InvalidInputError          well-formed request whose content breaks a rule; ``rule`` names which
    ├── PasswordRefusedError       a new password that is not taken; ``rules`` say why
    ├── KeyReusedError             an idempotency key that named another request
    ├── ConflictError              the state has moved on: sent, deleted, offset elsewhere, lost a race
    │   ├── LastAdminError         nobody could run the organisation any more
    │   └── UnderWayError          a request of that idempotency key is being done; ask in ``retry_after_seconds``
    ├── TooLargeError              over a limit; ``limit_bytes`` says which
    ├── TooManyRequestsError       come back in ``retry_after_seconds``
    ├── SourceCutError             the sender of a body went away before its end
    ├── ChecksumMismatchError      a body is not what its sender's checksum says
    ├── ContentRefusedError        a whole file that is not taken; ``rules`` say why
    ├── IntegrityError             sealed data does not verify; says nothing of which check failed
    ├── DependencyError            a store, vault, mail server or e-ID did not do its part
    │   ├── ClockDisagreesError    our clock and the store's are too far apart for anything to be deleted by it
    │   ├── OutOfTimeError         the time for the request was over before it was done; asked again, it goes on
    │   ├── KeyUnavailableError    the key-encryption key is disabled, revoked or gone
    │   │   └── KeyDestroyedError  the organisation's keys were destroyed, for ever
    │   └── ElectronicIdError      an e-ID refused, or could not be asked; ``code`` says which
    └── records only
        ├── RecordNotFoundError    no such record
        ├── RecordExistsError      create found one
        └── RecordChangedError     the ETag is no longer current

Instances carry ids and numbers, never prose, personal data or key material.
"""

from datetime import timedelta
from enum import StrEnum


class PicError(Exception):
    """The root. Never raised itself."""


class NotFoundError(PicError):
    """Nothing there, or nothing that this principal may know of."""


class NotSignedInError(PicError):
    """No session, or one that has ended."""


class WrongCredentialsError(PicError):
    """One answer for an unknown address and for a wrong password."""


class FactorRefusedError(PicError):
    """A code or a passkey that proves nothing. One answer, whatever is wrong with it."""


class NotAllowedError(PicError):
    """This kind of principal may never do this, whatever the object."""


class ScopeMissingError(NotAllowedError):
    """The client may do this once an admin has given it ``scope`` and it has asked for a token with it."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class ClientRefusedError(PicError):
    """One answer for an unknown client, a wrong or ended credential, and a proof that is none or was used."""


class KeyReusedError(PicError):
    """Another request of the same principal had this idempotency key."""


class AgreementRequiredError(PicError):
    """An admin has to accept the processing agreement for the organisation before anything is sent."""


class SecondFactorRequiredError(PicError):
    """The organisation asks for a second factor, and whoever is signed in has not set one up yet."""


class StepUpRequiredError(PicError):
    """The act asks for a proof that is only some minutes old. After it the same request may succeed."""


class AssuranceTooLowError(PicError):
    """The sender asks for an e-ID of at least the level ``required`` (``shared.domain.assurance``)."""

    def __init__(self, required: str) -> None:
        super().__init__(required)
        self.required = required


class OtherBrowserError(PicError):
    """A return without the cookie of the browser that started, or with a nonce that is not of its sign-in.

    One answer for all of these: whoever was sent here by a stranger learns only to go on where they began.
    """


class SignInRefusedError(PicError):
    """No session, although the e-ID identified someone. ``reason`` is a fixed word from the code, never input."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidInputError(PicError):
    """A value breaks a rule of the domain. ``rule`` is a fixed word from the code, never input."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class PasswordRefusedError(PicError):
    """The text may not be a password. ``rules`` are the words of ``shared.domain.password_policy``, one at least."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        super().__init__(*rules)
        self.rules = rules


class ConflictError(PicError):
    """The object is no longer in a state that allows this."""


class UnderWayError(ConflictError):
    """The request that has this idempotency key has not been answered yet."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class LastAdminError(ConflictError):
    """The organisation would have no admin left."""


class TooLargeError(PicError):
    """More than ``limit_bytes``."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self.limit_bytes = limit_bytes


class TooManyRequestsError(PicError):
    """Too fast. Try again in ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class SourceCutError(PicError):
    """The connection that a body was read from broke. What arrived before counts."""


class ChecksumMismatchError(PicError):
    """What arrived is not what the sender's checksum was made of. None of it counts."""


class ContentRefusedError(PicError):
    """The organisation does not take such content, or it is malware. ``rules`` are fixed words, one at least."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        super().__init__(*rules)
        self.rules = rules


class IntegrityError(PicError):
    """Sealed data does not verify: changed, cut, swapped, or sealed for another place."""


class DependencyError(PicError):
    """A dependency failed or could not be reached. Never means "not there"."""


class ClockDisagreesError(DependencyError):
    """This machine's clock is ``ahead`` of the store's, or behind it: what is due cannot be told."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(ahead)
        self.ahead = ahead


class OutOfTimeError(DependencyError):
    """The deadline came first, without anybody's fault. What has been done so far stays done, and counts."""

    reason = "out-of-time"


class KeyUnavailableError(DependencyError):
    """The key-encryption key exists no more, is disabled, or may not be used by us."""


class KeyDestroyedError(KeyUnavailableError):
    """The organisation has left and its keys with it: what they sealed is unreadable, whenever anybody asks again."""


class ElectronicIdFault(StrEnum):
    """Why an e-ID did nothing for us, in words that hold for each of them.

    ``SETUP``: our own certificate, or its trust, is not in order, and nothing was asked. ``INTERNAL``: a fault inside
    the e-ID. ``INVALID``: it will not take what we sent, which is our mistake. ``UNREACHABLE``: no answer in time;
    whether it got the request is not known. ``UNFIT``: an answer that is not believed. ``UNKNOWN``: a refusal for a
    reason that did not exist when this was written.
    """

    MAINTENANCE = "maintenance"
    TIMEOUT = "timeout"
    INTERNAL = "internal"
    SETUP = "setup"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    TOO_MANY_REQUESTS = "too-many-requests"
    INVALID = "invalid"
    UNFIT = "unfit"
    UNKNOWN = "unknown"


class ElectronicIdError(DependencyError):
    """An e-ID refused, or gave no answer that can be used. ``details`` are words and numbers for whoever runs us.

    ``retry_after_seconds`` is how long it wants to be left alone, where it said so. That is no
    ``TooManyRequestsError``: it is we who asked too often, all persons together, and not the one who waits now.
    """

    def __init__(self, code: ElectronicIdFault, *details: str | int, retry_after_seconds: int | None = None) -> None:
        super().__init__(code.value, *details)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class RecordNotFoundError(PicError):
    """No record at that partition and id."""


class RecordExistsError(PicError):
    """``create`` found a record at that partition and id."""


class RecordChangedError(PicError):
    """Somebody replaced or deleted the record since it was read."""

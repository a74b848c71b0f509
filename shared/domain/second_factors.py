"""The second factors of one member of staff, and what may become of them.

All of one member lie in one record, so that one compare-and-set write decides: a code is used once, and of two who
remove the last two factors at once only one does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import ConflictError, FactorRefusedError, InvalidInputError, NotFoundError
from shared.domain.ids import FactorId
from shared.domain.ports import Body, Json
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.threads import Sealed

MAX_APPS: Final = 2
"""Authenticator apps: the phone, and the one that takes its place."""

MAX_PASSKEYS: Final = 10

CONFIRM_WITHIN: Final = timedelta(minutes=10)
"""How long a secret that was shown waits for its first code."""

NAME_CHARACTERS: Final = 60

ENROL_WITHIN: Final = timedelta(hours=24)
"""How long the code is good that an administrator hands over after a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An authenticator app. ``used_step`` is the step of the last code that was taken (``one_time_codes``)."""

    factor: FactorId
    name: Sealed = field(repr=False)
    secret: Sealed = field(repr=False)
    created_at: datetime
    used_step: int | None = None

    def body(self) -> dict[str, Json]:
        return {
            "factor": self.factor,
            "name": self.name,
            "secret": self.secret,
            "created_at": instant_text(self.created_at),
            "used_step": self.used_step,
        }

    @classmethod
    def of(cls, fields: Fields) -> "App":
        return cls(
            factor=FactorId(fields.text("factor")),
            name=Sealed(fields.text("name")),
            secret=Sealed(fields.text("secret")),
            created_at=fields.instant("created_at"),
            used_step=None if fields.body.get("used_step") is None else fields.whole("used_step"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey. ``credential`` is its id and ``public_key`` its COSE key, both in base64url; neither is secret."""

    factor: FactorId
    name: Sealed = field(repr=False)
    credential: str = field(repr=False)
    public_key: str = field(repr=False)
    sign_count: int
    created_at: datetime

    def body(self) -> dict[str, Json]:
        return {
            "factor": self.factor,
            "name": self.name,
            "credential": self.credential,
            "public_key": self.public_key,
            "sign_count": self.sign_count,
            "created_at": instant_text(self.created_at),
        }

    @classmethod
    def of(cls, fields: Fields) -> "Passkey":
        return cls(
            factor=FactorId(fields.text("factor")),
            name=Sealed(fields.text("name")),
            credential=fields.text("credential"),
            public_key=fields.text("public_key"),
            sign_count=fields.whole("sign_count"),
            created_at=fields.instant("created_at"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """An administrator took all factors away. ``code`` is the hash of what lets enrol anew; None: it was used."""

    code: str | None = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """``enrolling`` is an app whose secret was shown and which does not count before its first code.

    ``recovery`` are hashes of the codes that are left. ``reset`` stays until a factor is enrolled: until then the
    password alone opens nothing.
    """

    apps: tuple[App, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    enrolling: App | None = None
    recovery: tuple[str, ...] = field(default=(), repr=False)
    reset: Reset | None = None

    @property
    def methods(self) -> frozenset[SignInMethod]:
        """What this member can prove themselves by besides the password."""
        found = {SignInMethod.TOTP} if self.apps else set()
        found |= {SignInMethod.PASSKEY} if self.passkeys else set()
        return frozenset(found | ({SignInMethod.RECOVERY_CODE} if self.recovery and found else set()))

    def begin_app(self, app: App) -> "Factors":
        """Show a secret; one that was shown before and not confirmed is void. Raises ``ConflictError``: enough."""
        if len(self.apps) >= MAX_APPS:
            raise ConflictError
        return replace(self, enrolling=app)

    def awaiting(self, factor: FactorId, *, now: datetime) -> App:
        """The app that waits for its first code. Raises ``NotFoundError``."""
        app = self.enrolling
        if app is None or app.factor != factor or now - app.created_at >= CONFIRM_WITHIN:
            raise NotFoundError
        return app

    def confirm_app(self, factor: FactorId, *, step: int, now: datetime) -> "Factors":
        """The app counts from now on; the code of ``step`` is used. Raises ``NotFoundError``, ``ConflictError``."""
        app = self.awaiting(factor, now=now)
        if len(self.apps) >= MAX_APPS:
            raise ConflictError
        return replace(self, apps=(*self.apps, replace(app, used_step=step)), enrolling=None, reset=None)

    def use_step(self, factor: FactorId, step: int) -> "Factors":
        """Take a code. Raises ``FactorRefusedError`` when that step or a later one was used, or the app is gone."""
        app = next((app for app in self.apps if app.factor == factor), None)
        if app is None or (app.used_step is not None and app.used_step >= step):
            raise FactorRefusedError
        used = replace(app, used_step=step)
        return replace(self, apps=tuple(used if each is app else each for each in self.apps))

    def add_passkey(self, passkey: Passkey) -> "Factors":
        """Raises ``ConflictError`` when it is there already, or there are enough."""
        if len(self.passkeys) >= MAX_PASSKEYS or any(each.credential == passkey.credential for each in self.passkeys):
            raise ConflictError
        return replace(self, passkeys=(*self.passkeys, passkey), reset=None)

    def passkey(self, credential: str) -> Passkey:
        """The passkey with that id. Raises ``FactorRefusedError``."""
        found = next((each for each in self.passkeys if each.credential == credential), None)
        if found is None:
            raise FactorRefusedError
        return found

    def use_passkey(self, credential: str, *, sign_count: int) -> "Factors":
        """Note how often the authenticator says it has signed (WebAuthn level 3, section 6.1.1).

        Authenticators that do not count say 0 for ever. Raises ``FactorRefusedError`` when the number did not grow.
        """
        passkey = self.passkey(credential)
        if is_regress(passkey, sign_count=sign_count):
            raise FactorRefusedError
        used = replace(passkey, sign_count=sign_count)
        return replace(self, passkeys=tuple(used if each is passkey else each for each in self.passkeys))

    def renew_recovery(self, hashes: tuple[str, ...]) -> "Factors":
        """A new set; every code of the old one is void."""
        return replace(self, recovery=hashes)

    def use_recovery(self, code_hash: str) -> "Factors":
        """Take a code. Raises ``FactorRefusedError`` for one that is unknown or used."""
        if code_hash not in self.recovery:
            raise FactorRefusedError
        return replace(self, recovery=tuple(each for each in self.recovery if each != code_hash))

    def use_reset(self, code_hash: str, *, now: datetime) -> "Factors":
        """Take the code that was handed over. Raises ``FactorRefusedError`` for a wrong, old or used one."""
        if self.reset is None or self.reset.code != code_hash or now >= self.reset.ends_at:
            raise FactorRefusedError
        return replace(self, reset=replace(self.reset, code=None))

    def without(self, factor: FactorId) -> "Factors":
        """Without an app or a passkey; without any of them recovery codes are void too. Raises ``NotFoundError``."""
        apps = tuple(app for app in self.apps if app.factor != factor)
        passkeys = tuple(passkey for passkey in self.passkeys if passkey.factor != factor)
        if (apps, passkeys) == (self.apps, self.passkeys):
            raise NotFoundError
        return replace(self, apps=apps, passkeys=passkeys, recovery=self.recovery if apps or passkeys else ())

    def sealed(self) -> dict[str, Sealed]:
        """Every sealed text by the name of the field that it is sealed for."""
        apps = (*self.apps, *(() if self.enrolling is None else (self.enrolling,)))
        names = {f"name.{each.factor}": each.name for each in (*apps, *self.passkeys)}
        return {**names, **{f"secret.{app.factor}": app.secret for app in apps}}

    def resealed(self, sealed: Mapping[str, Sealed]) -> "Factors":
        """The same with these texts: what was sealed anew under another version of the key."""

        def app(old: App) -> App:
            return replace(old, name=sealed[f"name.{old.factor}"], secret=sealed[f"secret.{old.factor}"])

        return replace(
            self,
            apps=tuple(app(each) for each in self.apps),
            passkeys=tuple(replace(each, name=sealed[f"name.{each.factor}"]) for each in self.passkeys),
            enrolling=None if self.enrolling is None else app(self.enrolling),
        )

    def body(self) -> Body:
        reset: Mapping[str, Json] | None = None
        if self.reset is not None:
            reset = {"code": self.reset.code, "ends_at": instant_text(self.reset.ends_at)}
        return {
            "apps": [app.body() for app in self.apps],
            "passkeys": [passkey.body() for passkey in self.passkeys],
            "enrolling": None if self.enrolling is None else self.enrolling.body(),
            "recovery": list(self.recovery),
            "reset": reset,
        }

    @classmethod
    def of(cls, body: Body) -> "Factors":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        enrolling, reset = fields.optional_nested("enrolling"), fields.optional_nested("reset")
        return cls(
            apps=tuple(App.of(each) for each in fields.nested("apps")),
            passkeys=tuple(Passkey.of(each) for each in fields.nested("passkeys")),
            enrolling=None if enrolling is None else App.of(enrolling),
            recovery=fields.texts("recovery"),
            reset=None if reset is None else Reset(code=reset.optional_text("code"), ends_at=reset.instant("ends_at")),
        )


def is_regress(passkey: Passkey, *, sign_count: int) -> bool:
    """Whether a passkey counts backwards: its key may have been copied, or a signature was played again."""
    return max(sign_count, passkey.sign_count) > 0 and sign_count <= passkey.sign_count


def factor_name(text: str) -> str:
    """What a member calls a factor. Raises ``InvalidInputError("factor-name")``."""
    name = text.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS or any(not each.isprintable() for each in name):
        raise InvalidInputError("factor-name")
    return name

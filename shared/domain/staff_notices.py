"""What a member of staff is told by mail about their own sign-in: that something happened, never more.

ASVS 5.0, 6.3.5 and 6.3.7. Whoever reads such a mail over a shoulder learns nothing that helps to sign in.
"""

from enum import StrEnum
from typing import Final

from shared.domain.errors import IntegrityError


class StaffNotice(StrEnum):
    """What happened. The words stand in queue messages and audit events."""

    FACTOR_ENROLLED = "factor-enrolled"
    FACTOR_REMOVED = "factor-removed"
    FACTORS_RESET = "factors-reset"
    RECOVERY_USED = "recovery-used"
    RECOVERY_RENEWED = "recovery-renewed"
    CODES_REFUSED = "codes-refused"
    PASSKEY_REGRESSED = "passkey-regressed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word
    NEW_DEVICE = "new-device"
    SIGN_INS_FAILED = "sign-ins-failed"


def parse_notice(word: object) -> StaffNotice:
    """Raises ``IntegrityError`` for what is no notice."""
    try:
        return StaffNotice(str(word))
    except ValueError:
        raise IntegrityError from None


SUBJECT: Final = "Om din inloggning / About your sign-in"

_HAPPENED: Final = {
    StaffNotice.FACTOR_ENROLLED: (
        "En ny inloggningsfaktor har lagts till för dig.",
        "A new factor for signing in was added for you.",
    ),
    StaffNotice.FACTOR_REMOVED: (
        "En inloggningsfaktor har tagits bort för dig.",
        "A factor for signing in was removed for you.",
    ),
    StaffNotice.FACTORS_RESET: (
        "En administratör har tagit bort alla dina inloggningsfaktorer. Av administratören får du en kod för nya.",
        "An administrator has removed all your factors for signing in. They have a code for you to set up new ones.",
    ),
    StaffNotice.RECOVERY_USED: (
        "Någon har loggat in med en av dina återställningskoder.",
        "Somebody signed in with one of your recovery codes.",
    ),
    StaffNotice.RECOVERY_RENEWED: (
        "Nya återställningskoder har skapats för dig. De gamla gäller inte längre.",
        "New recovery codes were made for you. The old ones are void.",
    ),
    StaffNotice.CODES_REFUSED: (
        "Någon har angett ditt lösenord och sedan fel kod flera gånger. Byt lösenord om det inte var du.",
        "Somebody gave your password and then a wrong code several times. Change your password if it was not you.",
    ),
    StaffNotice.PASSKEY_REGRESSED: (
        "En av dina passnycklar har nekats, eftersom den kan ha kopierats. Ta bort den om det händer igen.",
        "One of your passkeys was refused, because it may have been copied. Remove it if this happens again.",
    ),
    StaffNotice.PASSWORD_CHANGED: (
        "Ditt lösenord har ändrats. Var det inte du, välj ett nytt: ”Glömt lösenordet?” där du loggar in.",
        "Your password was changed. If it was not you, choose a new one: “Forgotten your password?” where you sign in.",
    ),
    StaffNotice.NEW_DEVICE: (
        "Någon har angett ditt lösenord i en webbläsare som inte har använts för ditt konto förut.",
        "Somebody gave your password in a browser that was not used for your account before.",
    ),
    StaffNotice.SIGN_INS_FAILED: (
        "Någon har försökt logga in på ditt konto många gånger och misslyckats.",
        "Somebody tried to sign in to your account many times, and failed.",
    ),
}


def notice_text(notice: StaffNotice, address: str) -> str:
    """The mail. ``address`` is where the portal is, and stands there to be typed."""
    swedish, english = _HAPPENED[notice]
    return f"""\
Hej,

{swedish}
Var det du behöver du inte göra någonting. Var det inte du, hör genast av dig till din administratör.
Du ser dina faktorer och var du är inloggad i portalen. Skriv in adressen i din webbläsare:

    {address}

Vi ber dig aldrig om koder eller lösenord i mejl. Det går inte att svara på det här mejlet.

----

Hello,

{english}
If it was you, there is nothing you need to do. If it was not, tell your administrator at once.
The portal shows your factors and where you are signed in. Type the address above into your browser.

We never ask you for codes or passwords by mail. Replies to this mail are not read.
"""

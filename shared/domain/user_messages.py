"""What a person reads while an e-ID order runs: BankID's recommended messages, by the code that the e-ID gave.

Source: BankID, "Recommended user messages" (RFA1 to RFA30; the missing numbers are no longer used). Browsers get the
id and hold the texts in their language. BankID adds codes without notice, so the unknown has its own message. The
English of RFA24 to RFA30 is our translation, and RFA29 is shortened.
"""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from shared.domain.errors import ElectronicIdFault


class UserMessage(Enum):
    """Ids as BankID numbers them, and ours for what BankID leaves to the relying party."""

    RFA1 = "RFA1"
    RFA2 = "RFA2"
    RFA3 = "RFA3"
    RFA4 = "RFA4"
    RFA5 = "RFA5"
    RFA6 = "RFA6"
    RFA8 = "RFA8"
    RFA9 = "RFA9"
    RFA13 = "RFA13"
    RFA15A = "RFA15A"
    RFA15B = "RFA15B"
    RFA16 = "RFA16"
    RFA17A = "RFA17A"
    RFA17B = "RFA17B"
    RFA19 = "RFA19"
    RFA20 = "RFA20"
    RFA21 = "RFA21"
    RFA22 = "RFA22"
    RFA23 = "RFA23"
    RFA24 = "RFA24"
    RFA25 = "RFA25"
    RFA26 = "RFA26"
    RFA27 = "RFA27"
    RFA28 = "RFA28"
    RFA29 = "RFA29"
    RFA30 = "RFA30"
    UPDATE_APP = "update-app"
    DECLINED_CALL = "declined-call"
    RETURN = "return"
    ADDRESS_CHANGED = "address-changed"
    OTHER_BROWSER = "other-browser"
    RISK = "risk"
    UNRESOLVED = "unresolved"


class StartedBy(Enum):
    """How the person was asked to reach the app; BankID words three messages after it."""

    QR = "qr"
    THIS_COMPUTER = "this-computer"
    THIS_MOBILE = "this-mobile"


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in the languages we speak."""

    swedish: str
    english: str


_PENDING: Final = MappingProxyType(
    {
        "noClient": UserMessage.RFA1,
        "userSign": UserMessage.RFA9,
        "processing": UserMessage.RFA21,
        "userCallConfirm": UserMessage.RFA21,
        "userMrtd": UserMessage.RFA23,
        "userFace": UserMessage.RFA24,
        "userStepUp": UserMessage.RFA25,
        "awaitingReturn": UserMessage.RETURN,
    }
)

_FAILED: Final = MappingProxyType(
    {
        "expiredTransaction": UserMessage.RFA8,
        "certificateErr": UserMessage.RFA16,
        "userCancel": UserMessage.RFA6,
        "cancelled": UserMessage.RFA3,
        "mrtdVerificationFailed": UserMessage.RFA26,
        "facialRecognitionFailed": UserMessage.RFA27,
        "nfcNotSupportedByDevice": UserMessage.RFA28,
        "multipleBankIdsOnDevice": UserMessage.RFA29,
        "stepUpFailed": UserMessage.RFA30,
        "notSupportedByUserApp": UserMessage.UPDATE_APP,
        "userDeclinedCall": UserMessage.DECLINED_CALL,
        "transactionRiskBlocked": UserMessage.RISK,
        "addressChanged": UserMessage.ADDRESS_CHANGED,
        "otherBrowser": UserMessage.OTHER_BROWSER,
        "unresolved": UserMessage.UNRESOLVED,
    }
)

_ERRORS: Final = MappingProxyType(
    {
        ElectronicIdFault.MAINTENANCE.value: UserMessage.RFA5,
        ElectronicIdFault.TIMEOUT.value: UserMessage.RFA5,
        ElectronicIdFault.INTERNAL.value: UserMessage.RFA5,
        ElectronicIdFault.UNREACHABLE.value: UserMessage.RFA5,
        "alreadyinprogress": UserMessage.RFA4,
        "requesttimeout": UserMessage.RFA5,
        "internalerror": UserMessage.RFA5,
    }
)


def pending_message(hint_code: str, started_by: StartedBy) -> UserMessage:
    """What to say while the order runs."""
    match hint_code:
        case "outstandingTransaction":
            return UserMessage.RFA1 if started_by is StartedBy.QR else UserMessage.RFA13
        case "started":
            return UserMessage.RFA15A if started_by is StartedBy.THIS_COMPUTER else UserMessage.RFA15B
        case _:
            return _PENDING.get(hint_code, UserMessage.RFA21)


def failed_message(hint_code: str, started_by: StartedBy) -> UserMessage:
    """What to say when the order has ended without an identity."""
    if hint_code == "startFailed":
        return UserMessage.RFA17B if started_by is StartedBy.QR else UserMessage.RFA17A
    return _FAILED.get(hint_code, UserMessage.RFA22)


def is_known_end(hint_code: str) -> bool:
    """Whether ``hint_code`` is one of the words that stood for the end of an order when this was written."""
    return hint_code == "startFailed" or hint_code in _FAILED


def error_message(error_code: str) -> UserMessage:
    """What to say when the e-ID refused the call: its own code, or the ``ElectronicIdFault`` that it became.

    Codes differ in case between versions of the API.
    """
    return _ERRORS.get(error_code.lower(), UserMessage.RFA22)


_WENT_WRONG: Final = Wording("Något gick fel. Försök igen.", "Something went wrong. Please try again.")

WORDINGS: Final = MappingProxyType(
    {
        UserMessage.RFA1: Wording("Starta BankID-appen.", "Start your BankID app."),
        UserMessage.RFA2: Wording(
            "Du verkar inte ha BankID-appen. Installera den och skaffa ett BankID.",
            "You don't seem to have the BankID app. Install the app and get a BankID.",
        ),
        UserMessage.RFA3: Wording("Åtgärden avbröts. Försök igen.", "The action was cancelled. Please try again."),
        UserMessage.RFA4: Wording(
            "En identifiering eller underskrift pågår redan för ditt personnummer. Försök igen.",
            "An identification or signature is already in progress for your personal identity number. "
            "Please try again.",
        ),
        UserMessage.RFA5: _WENT_WRONG,
        UserMessage.RFA6: Wording("Åtgärden avbröts.", "The action was cancelled."),
        UserMessage.RFA8: Wording(
            "BankID-appen svarar inte. Kontrollera att den är startad och att du har internetanslutning. "
            "Försök sedan igen.",
            "The BankID app is not responding. Please check that it's started and that you have internet access. "
            "Try again.",
        ),
        UserMessage.RFA9: Wording(
            "Skriv in din säkerhetskod i BankID-appen och välj Identifiera eller Skriv under.",
            "Enter your security code in the BankID app and select Identify or Sign.",
        ),
        UserMessage.RFA13: Wording("Försöker starta BankID-appen.", "Trying to start your BankID app."),
        UserMessage.RFA15A: Wording(
            "Söker efter BankID. Säkerställ att du har ett giltigt BankID på den här datorn. Om du har ett BankID på "
            "kort, sätt in kortet i kortläsaren.",
            "Searching for BankID. Make sure you have a valid BankID on this computer. If you have a BankID on card, "
            "please insert the card into your card reader.",
        ),
        UserMessage.RFA15B: Wording(
            "Söker efter BankID. Säkerställ att du har ett giltigt BankID på den här enheten.",
            "Searching for BankID. Make sure you have a valid BankID on this device.",
        ),
        UserMessage.RFA16: Wording(
            "Ditt BankID är för gammalt eller spärrat. Använd ett annat BankID eller skaffa ett nytt hos din bank.",
            "Your BankID is blocked or too old. Please use another BankID or get a new one from your bank.",
        ),
        UserMessage.RFA17A: Wording(
            "Du verkar inte ha BankID-appen/programmet. Installera den och skaffa ett BankID hos din bank.",
            "You don't seem to have the BankID app/program. Please install it and get a BankID from your bank.",
        ),
        UserMessage.RFA17B: Wording(
            "Misslyckades att läsa av QR-koden. Starta BankID-appen och läs av QR-koden.",
            "Failed to scan the QR code. Start the BankID app and scan the QR code.",
        ),
        UserMessage.RFA19: Wording(
            "Vill du använda BankID på den här datorn eller ett Mobilt BankID?",
            "Would you like to use BankID on this computer, or a Mobile BankID?",
        ),
        UserMessage.RFA20: Wording(
            "Vill du använda BankID på den här enheten eller på en annan enhet?",
            "Do you want to use BankID on this device or another device?",
        ),
        UserMessage.RFA21: Wording(
            "En identifiering eller underskrift pågår.", "An identification or signing is in progress."
        ),
        UserMessage.RFA22: _WENT_WRONG,
        UserMessage.RFA23: Wording(
            "Fotografera och läs av din ID-handling med BankID-appen.",
            "Take a photo of, and scan, your ID document with the BankID app.",
        ),
        UserMessage.RFA24: Wording(
            "Gör en ansiktsigenkänning i BankID-appen.", "Do a face recognition in the BankID app."
        ),
        UserMessage.RFA25: Wording(
            "Välj hur du vill bekräfta din identitet i BankID-appen.",
            "Choose how to confirm your identity in the BankID app.",
        ),
        UserMessage.RFA26: Wording(
            "Kontrollen av din ID-handling misslyckades. Försök igen.",
            "The check of your ID document failed. Try again.",
        ),
        UserMessage.RFA27: Wording(
            "Ansiktsigenkänningen misslyckades. Försök igen.", "The face recognition failed. Try again."
        ),
        UserMessage.RFA28: Wording(
            "Din enhet saknar den läsare som behövs för att kontrollera ID-handlingar.",
            "Your device lacks the reader needed to check ID documents.",
        ),
        UserMessage.RFA29: Wording(
            "Du har flera BankID på din enhet. Du behöver radera alla utom ett (Meny – Inställningar).",
            "You have several BankIDs on your device. You need to delete all but one (Menu – Settings).",
        ),
        UserMessage.RFA30: Wording(
            "Bekräftelsen av din identitet misslyckades. Försök igen.",
            "The confirmation of your identity failed. Try again.",
        ),
        UserMessage.UPDATE_APP: Wording(
            "Uppdatera BankID-appen och försök igen.", "Update the BankID app and try again."
        ),
        UserMessage.DECLINED_CALL: Wording(
            "Du svarade att du inte talar i telefon med oss. Åtgärden avbröts.",
            "You answered that you are not on the phone with us. The action was cancelled.",
        ),
        UserMessage.RETURN: Wording(
            "Du har identifierat dig. BankID-appen öppnar sidan igen. Händer ingenting, avbryt och börja om.",
            "You have identified yourself. The BankID app opens this page again. If nothing happens, cancel and start "
            "again.",
        ),
        UserMessage.ADDRESS_CHANGED: Wording(
            "Din anslutning byttes under inloggningen. Försök igen utan att byta nät.",
            "Your connection changed while you signed in. Try again without changing network.",
        ),
        UserMessage.OTHER_BROWSER: Wording(
            "Inloggningen fortsatte i en annan webbläsare och avbröts. Börja om, och bara på eget initiativ. "
            "Händer det igen, använd QR-koden.",
            "The sign-in went on in another browser and was stopped. Start again, and only on your own initiative. "
            "If it happens again, use the QR code.",
        ),
        UserMessage.RISK: Wording(
            "Inloggningen stoppades av säkerhetsskäl. Logga bara in på eget initiativ. Försök igen senare.",
            "The sign-in was stopped for your safety. Only sign in on your own initiative. Try again later.",
        ),
        UserMessage.UNRESOLVED: Wording(
            "Vi fick inget svar om inloggningen. Börja om.", "We got no answer about the sign-in. Start again."
        ),
    }
)

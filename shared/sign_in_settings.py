"""The settings of how persons sign in: which e-IDs are on, what is demanded of them, and how long a session lasts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.broker_settings import ConfiguredBroker, read_brokers
from shared.domain.admission import AddressRule
from shared.domain.assurance import Assurance
from shared.domain.sign_in_text import SERVICE_NAME_CHARACTERS, check_service_name
from shared.entra_settings import ConfiguredEntra, read_entra
from shared.setting_values import Reader, words

BANKID: Final = "bankid"
RISKS: Final = (frozenset({"low"}), frozenset({"low", "moderate"}))
"""What may be accepted: BankID says that an order of high risk should be blocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """``providers`` are the names of those that are on: ``bankid``, and brokers."""

    service_name: str
    providers: frozenset[str]
    brokers: tuple[ConfiguredBroker, ...]
    entra: ConfiguredEntra | None
    bankid_assurance: Assurance
    risks: frozenset[str]
    addresses: AddressRule
    idle_limit: timedelta
    absolute_limit: timedelta

    @property
    def reachable(self) -> frozenset[Assurance]:
        """The levels that the e-IDs that are on can give."""
        bankid = {self.bankid_assurance} if BANKID in self.providers else set()
        return frozenset(bankid.union(*(broker.profile.assurance.values() for broker in self.brokers)))


def read_sign_in(read: Reader, *, is_local: bool) -> SignIn:
    """Collects what is wrong in ``read.faults``."""
    providers = read.parsed(
        "PIC_SIGN_IN_PROVIDERS", words, "names with commas between them", frozenset({BANKID}), BANKID
    )
    rule = read.choice("PIC_SIGN_IN_ADDRESSES", AddressRule, "browser")
    idle_limit = timedelta(minutes=read.whole("PIC_SESSION_IDLE_MINUTES", "30", 1, 120))
    absolute_limit = timedelta(hours=read.whole("PIC_SESSION_HOURS", "8", 1, 12))
    if idle_limit > absolute_limit:
        read.faults.append("PIC_SESSION_IDLE_MINUTES must not be longer than PIC_SESSION_HOURS")
    return SignIn(
        service_name=read.parsed(
            "PIC_SERVICE_NAME",
            check_service_name,
            f"at most {SERVICE_NAME_CHARACTERS} characters without marks of formatting",
            "",
            "Private Identity Control",
        ),
        providers=providers,
        brokers=read_brokers(read, providers, is_local=is_local),
        entra=read_entra(read, is_local=is_local),
        bankid_assurance=read.parsed(
            "PIC_BANKID_ASSURANCE", Assurance, "one of " + ", ".join(Assurance), Assurance.LOA2, Assurance.LOA3.value
        ),
        risks=read.parsed("PIC_SIGN_IN_RISKS", _risks, "low, or low,moderate", RISKS[0], "low,moderate"),
        addresses="observe" if rule == "observe" else "strict" if rule == "strict" else "browser",
        idle_limit=idle_limit,
        absolute_limit=absolute_limit,
    )


def _risks(text: str) -> frozenset[str]:
    found = words(text)
    if found not in RISKS:
        raise ValueError
    return found

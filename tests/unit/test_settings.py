"""Settings: read once, checked as a whole, and nothing that stands in for a real part outside a laptop."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import azure.functions as func
import pytest

from functions.jobs import register
from shared.container import Container
from shared.setting_stand_ins import SAMPLE_PEPPER
from shared.settings import SettingsError, read_settings

ROOT = Path(__file__).resolve().parents[2]
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]


def pepper(fill: int) -> str:
    return base64.b64encode(hashlib.sha256(bytes([fill])).digest()).decode()


PRODUCTION = {
    "PIC_ENVIRONMENT": "production",
    "PIC_PUBLIC_URL": "https://portal.example",
    "PIC_RECORDS": "tables",
    "PIC_STORAGE__blobServiceUri": "https://pic.blob.core.windows.net",
    "PIC_STORAGE__queueServiceUri": "https://pic.queue.core.windows.net",
    "PIC_STORAGE__tableServiceUri": "https://pic.table.core.windows.net",
    "PIC_KEY_VAULT_URL": "https://pic.vault.azure.net",
    "PIC_SUBJECT_PEPPERS": f"2:{pepper(2)}",
    "PIC_ADDRESS_PEPPER": pepper(3),
    "PIC_PASSWORD_PEPPERS": f"1:{pepper(4)},2:{pepper(5)}",
    "PIC_BANKID_ENVIRONMENT": "production",
    "PIC_BANKID_URL": "https://appapi2.bankid.com/rp/v6.0/",
    "PIC_BANKID_ROOT": "root.pem",
    "PIC_BANKID_CERTIFICATE": "rp.pem",
    "PIC_BANKID_KEY": "rp-key.pem",
    "PIC_SMTP_HOST": "mail.example",
    "PIC_MAIL_FROM": "no-reply@portal.example",
}
COSMOS = {"PIC_RECORDS": "cosmos", "PIC_COSMOS_ENDPOINT": "https://pic.documents.azure.com:443/"}


def faults_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The faults, and a check that the message is made of them."""
    with pytest.raises(SettingsError) as raised:
        read_settings(environment)
    assert str(raised.value) == "\n- ".join(["The settings are not usable:", *raised.value.faults])
    assert len(set(raised.value.faults)) == len(raised.value.faults)
    return raised.value.faults


def named(faults: tuple[str, ...]) -> set[str]:
    return {name for fault in faults for name in re.findall(r"(?:PIC|AZURE)_[A-Za-z_]+", fault)}


def test_the_sample_is_usable() -> None:
    """`make run` begins with it; it is local, on Azurite and on simulators."""
    settings = read_settings(SAMPLE)
    assert settings.bankid is not None
    assert (settings.environment, settings.records, settings.bankid.environment) == ("local", "tables", "simulator")
    assert settings.bankid.url.endswith("/rp/v6.0/")


@pytest.mark.parametrize("more", [{}, COSMOS], ids=["tables", "cosmos"])
def test_production_needs_no_more_than_this(more: dict[str, str]) -> None:
    """The rest has defaults that are safe."""
    settings = read_settings({**PRODUCTION, **more})
    assert settings.storage.connection_string is None
    assert (settings.smtp.security, settings.smtp.port) == ("starttls", 587)
    assert (settings.retention_days, settings.upload_max_bytes) == (365, 5 * 1024**3)
    assert settings.peppers.current == 2
    assert (settings.cosmos is not None) == bool(more)


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "PIC_RECORDS"])
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    """A missing secret stops the start; an empty value is a missing one."""
    environment = {key: text for key, text in PRODUCTION.items() if key != name}
    if value is not None:
        environment[name] = value
    assert f"{name} is missing" in faults_of(environment)


def test_cosmos_needs_its_address_and_tables_theirs() -> None:
    """Whichever store is chosen."""
    assert faults_of({**PRODUCTION, "PIC_RECORDS": "cosmos"}) == ("PIC_COSMOS_ENDPOINT is missing",)
    without = {name: value for name, value in PRODUCTION.items() if "tableServiceUri" not in name}
    assert faults_of(without) == ("PIC_STORAGE__tableServiceUri is missing",)
    assert read_settings({**without, **COSMOS}).storage.table_url is None


def test_everything_missing_is_told_at_once() -> None:
    """One start, one list: nobody mends one setting after the other."""
    assert {name for name in PRODUCTION if name not in {"PIC_RECORDS", "PIC_STORAGE__tableServiceUri"}} <= named(
        faults_of({})
    )


CANARY = "kanarie-5b1f"
WRONG: dict[str, tuple[str, ...]] = {
    "PIC_ENVIRONMENT": (CANARY, "Production", "local "),
    "PIC_RECORDS": (CANARY, "memory", "Tables"),
    "PIC_PUBLIC_URL": (
        *(CANARY, f"ftp://{CANARY}", f"https://{CANARY}/portal", f"https://{CANARY}?q", f"https://{CANARY}#f"),
        *(
            f"https://u:{CANARY}@host",
            "https://",
            f"https://{CANARY}:99999",
            f"https://{CANARY}:x",
            f"https://[{CANARY}",
        ),
    ),
    "PIC_STORAGE__blobServiceUri": (CANARY, f"http://{CANARY}"),
    "PIC_STORAGE__queueServiceUri": (CANARY, f"http://{CANARY}"),
    "PIC_STORAGE__tableServiceUri": (CANARY, f"http://{CANARY}"),
    "PIC_BLOB_CONTAINER": (CANARY.upper(), "a", "-ab", "a--b", "ab-", "a" * 64, "a/b", "å" * 3, "abc\n"),
    "PIC_JOURNAL_CONTAINER": (CANARY.upper(), "a", "content", "audit"),
    "PIC_AUDIT_CONTAINER": (CANARY.upper(), "a--b", "content", "journal"),
    "PIC_TABLE": (CANARY, "1abc", "ab", "a" * 64),
    "PIC_KEY_VAULT_URL": (CANARY, f"http://{CANARY}"),
    "PIC_SUBJECT_PEPPERS": (
        *(CANARY, pepper(1), f"0:{pepper(1)}", f"-1:{pepper(1)}", f"a:{pepper(1)}", f"1:{pepper(1)},2:{pepper(1)}"),
        *(f"1:{pepper(1)},1:{pepper(2)}", ",".join(f"{n}:{pepper(n)}" for n in (1, 2, 3, 4)), f",1:{pepper(1)}"),
        *(f"1:{pepper(1)[:8]}", f"1:{pepper(1)},", f"٣:{pepper(1)}", "1:" + CANARY, f"{10**9}:{pepper(1)}", "1:å"),
        "9" * 5000 + ":" + pepper(1),
    ),
    "PIC_ADDRESS_PEPPER": (CANARY, pepper(1)[:8], pepper(1) + "*", "å"),
    "PIC_PASSWORD_PEPPERS": (CANARY, pepper(1), f"1:{pepper(1)},2:{pepper(1)}", f"1:{pepper(1)},1:{pepper(2)}"),
    "PIC_BANKID_ENVIRONMENT": (CANARY, "prod"),
    "PIC_BANKID_URL": (CANARY, f"http://{CANARY}", f"https://{CANARY}.bankid.com/rp/v6.0/"),
    "PIC_SMTP_PORT": (CANARY, "0", "65536", "-1", "+5", "5.0", "٣", "9" * 5000),
    "PIC_SMTP_SECURITY": (CANARY, "ssl", "NONE"),
    "PIC_MAIL_FROM": (CANARY, f"Namn <{CANARY}@example.com>", f"{CANARY}@", f"{CANARY}@example.com\nBcc: a@b.se"),
    "PIC_DISPATCH_QUEUE": (CANARY.upper(), "a_b", "notify"),
    "PIC_NOTIFY_QUEUE": (CANARY.upper(), "a_b", "dispatch"),
    "PIC_RETENTION_DAYS": (CANARY, "0", "366", "3.5", "-1"),
    "PIC_UNDO_SECONDS": (CANARY, "-1", "3601"),
    "PIC_UPLOAD_MAX_BYTES": (CANARY, "0", str(100 * 1024**3 + 1)),
    "PIC_CLIENT_ADDRESS_HEADER": (CANARY + ":", "a b", "å", "a" * 65, "a\r\nb"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
    ids=lambda text: ascii(text)[:40],
)
def test_a_wrong_setting_is_named_and_not_repeated(name: str, value: str) -> None:
    """Start-up logs are read by many: a value may be a secret in the wrong place."""
    faults = faults_of({**PRODUCTION, name: value})
    assert name in named(faults)
    assert CANARY.lower() not in str(faults).lower()
    assert pepper(1) not in str(faults)


def test_everything_wrong_is_told_at_once_and_nothing_repeated() -> None:
    """All names, no values."""
    faults = faults_of({**PRODUCTION, **{name: values[0] for name, values in WRONG.items()}})
    assert set(WRONG) - {"PIC_STORAGE__tableServiceUri", "PIC_BANKID_URL"} <= named(faults)
    assert CANARY.lower() not in str(faults).lower()


STAND_INS = {
    "storage by connection string": {"PIC_STORAGE": SAMPLE["PIC_STORAGE"]},
    "the shortest connection string": {"PIC_STORAGE": "UseDevelopmentStorage=true"},
    "the portal without TLS": {"PIC_PUBLIC_URL": "http://portal.example"},
    "the vault without TLS": {"PIC_KEY_VAULT_URL": "http://pic.vault.azure.net"},
    "blobs without TLS": {"PIC_STORAGE__blobServiceUri": "http://pic.blob.core.windows.net"},
    "Cosmos DB without TLS": {**COSMOS, "PIC_COSMOS_ENDPOINT": "http://pic.documents.azure.com"},
    "Cosmos DB by key": {**COSMOS, "PIC_COSMOS_KEY": "a2V5"},
    "a clock that can be moved": {"PIC_CLOCK_FILE": "clock"},
    "trust in the vault's emulator": {"PIC_KEY_VAULT_CA": "ca.pem"},
    "mail without TLS": {"PIC_SMTP_SECURITY": "none"},
    "the BankID simulator": {"PIC_BANKID_ENVIRONMENT": "simulator"},
    "the BankID simulator, on its own address": {
        "PIC_BANKID_ENVIRONMENT": "simulator",
        "PIC_BANKID_URL": "https://bankid.example/rp/v6.0/",
    },
    "the sample's pepper of pseudonyms": {"PIC_SUBJECT_PEPPERS": SAMPLE["PIC_SUBJECT_PEPPERS"]},
    "the sample's pepper of addresses": {"PIC_ADDRESS_PEPPER": SAMPLE["PIC_ADDRESS_PEPPER"]},
    "the sample's pepper of passwords": {"PIC_PASSWORD_PEPPERS": SAMPLE["PIC_PASSWORD_PEPPERS"]},
    **{
        f"{name} on {host}": {**(COSMOS if "COSMOS" in name else {}), name: f"https://{host}:8443"}
        for name in (
            *("PIC_PUBLIC_URL", "PIC_KEY_VAULT_URL", "PIC_COSMOS_ENDPOINT", "PIC_BANKID_URL"),
            *("PIC_STORAGE__blobServiceUri", "PIC_STORAGE__queueServiceUri", "PIC_STORAGE__tableServiceUri"),
        )
        for host in ("127.0.0.1", "localhost")
    },
    **{
        f"mail on {host}": {"PIC_SMTP_HOST": host}
        for host in ("127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST.", "mail.localhost", "::1", "0.0.0.0", "::")  # noqa: S104
    },
    "an address in disguise": {"PIC_KEY_VAULT_URL": "https://[::ffff:127.0.0.1]"},
}


@pytest.mark.parametrize("name", ["test", "production"])
@pytest.mark.parametrize("stand_in", STAND_INS.values(), ids=STAND_INS.keys())
def test_what_stands_in_for_a_real_part_is_refused_outside_a_laptop(stand_in: dict[str, str], name: str) -> None:
    """One of them is enough, and the message says which."""
    faults = faults_of({**PRODUCTION, **stand_in, "PIC_ENVIRONMENT": name})
    assert set(stand_in) - {"PIC_RECORDS", "PIC_COSMOS_ENDPOINT"} <= named(faults) | {"PIC_BANKID_URL"}
    assert named(faults) & set(stand_in)


@pytest.mark.parametrize(
    ("environment", "bankid", "host", "is_usable"),
    [
        ("production", "production", "appapi2.bankid.com", True),
        ("production", "production", "appapi2.test.bankid.com", False),
        ("production", "production", "bankid.com.example", False),
        ("production", "test", "appapi2.test.bankid.com", False),
        ("test", "test", "appapi2.test.bankid.com", True),
        ("test", "test", "appapi2.bankid.com", False),
        ("test", "production", "appapi2.test.bankid.com", False),
        ("local", "test", "appapi2.test.bankid.com", True),
        ("local", "test", "127.0.0.1", False),
    ],
)
def test_bankid_is_asked_where_its_environment_lives(environment: str, bankid: str, host: str, is_usable: bool) -> None:  # noqa: FBT001
    """Test identities never sign in to production, whatever is mixed up."""
    base = SAMPLE if environment == "local" else PRODUCTION
    values = {
        "PIC_ENVIRONMENT": environment,
        "PIC_BANKID_ENVIRONMENT": bankid,
        "PIC_BANKID_URL": f"https://{host}/rp/v6.0/",
    }
    if is_usable:
        read = read_settings({**base, **values}).bankid
        assert read is not None
        assert read.environment == bankid
    else:
        assert named(faults_of({**base, **values})) & {"PIC_BANKID_URL", "PIC_BANKID_ENVIRONMENT"}


@pytest.mark.parametrize(
    ("stated", "origin"),
    [
        ("https://portal.example", "https://portal.example"),
        ("https://portal.example/", "https://portal.example"),
        ("https://Portal.Example:443", "https://portal.example"),
        ("https://portal.example:8443/", "https://portal.example:8443"),
        ("HTTPS://portal.example", "https://portal.example"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_public_address_is_what_browsers_send_as_origin(stated: str, origin: str) -> None:
    """It is compared with ``Origin`` letter by letter: a slash or a port too many would refuse everyone."""
    assert read_settings({**PRODUCTION, "PIC_PUBLIC_URL": stated}).public_url == origin


@pytest.mark.parametrize("name", ["PIC_SMTP_USER", "PIC_SMTP_PASSWORD"])
def test_half_a_sign_in_at_the_mail_server_is_a_fault(name: str) -> None:
    """Found at start and not with the first notice."""
    assert named(faults_of({**PRODUCTION, name: "x"})) == {"PIC_SMTP_USER", "PIC_SMTP_PASSWORD"}


def test_secrets_do_not_show() -> None:
    """Whoever prints the settings prints no secret."""
    secrets = {"PIC_SMTP_USER": "u", "PIC_SMTP_PASSWORD": CANARY + "-smtp"}
    local = {**SAMPLE, **COSMOS, **secrets, "PIC_COSMOS_KEY": CANARY + "-cosmos"}
    shown = repr(read_settings(local))
    hidden = [*(local[name] for name in ("PIC_SMTP_PASSWORD", "PIC_COSMOS_KEY", "PIC_STORAGE", "PIC_BANKID_KEY"))]
    hidden += ["AccountKey", SAMPLE_PEPPER.decode(), base64.b64encode(SAMPLE_PEPPER).decode()[:12]]
    assert [text for text in hidden if text in shown] == []


class Noting(Mapping[str, str]):
    """An environment that notes which names are asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_ = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


HOST_SETTINGS = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"}
"""What the Functions host and its worker read."""


def read_by_the_code() -> set[str]:
    """Names that ``read_settings`` asks for on any way through it, and those that the triggers name to the host."""
    asked: set[str] = set()
    for environment in (SAMPLE, {**SAMPLE, **COSMOS}, PRODUCTION, {**PRODUCTION, **COSMOS}):
        noting = Noting(environment)
        read_settings(noting)
        asked |= noting.asked
    app = func.FunctionApp()
    register(app, Container(read_settings(SAMPLE)))
    bindings = json.dumps([function.get_dict_repr() for function in app.get_functions()], default=str)
    return asked | set(re.findall(r"%(\w+)%", bindings))


def documented() -> dict[str, str]:
    """Name and default of each row of the tables."""
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \|", (ROOT / "docs/configuration.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_the_sample_holds_every_setting_and_no_other() -> None:
    """Whoever copies it finds everything that can be set."""
    assert set(SAMPLE) == read_by_the_code() | HOST_SETTINGS


def test_the_documentation_holds_every_setting_and_no_other() -> None:
    """One row each, in ``docs/configuration.md``."""
    assert set(documented()) == read_by_the_code() | HOST_SETTINGS


def test_the_documented_defaults_are_the_real_ones() -> None:
    """What is left out counts as the documented default: setting it changes nothing."""
    base = {**PRODUCTION, **COSMOS}
    for name, default in documented().items():
        stated = re.match(r"`(.*?)`", default)
        if stated is None or name in HOST_SETTINGS:
            continue
        without = {key: value for key, value in base.items() if key != name}
        for environment in ({key: value for key, value in PRODUCTION.items() if key != name}, without):
            if name == "PIC_RECORDS" and "PIC_COSMOS_ENDPOINT" not in environment:
                continue
            left_out, set_to = read_settings(environment), read_settings({**environment, name: stated[1]})
            assert repr(left_out) == repr(set_to), name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0/60",
        "1/0",
        "-1/60",
        "10",
        "10/",
        "/60",
        "10/60/1",
        "1.5/60",
        " 10/60",
        "off ",
        "1000001/60",
        "1/86401",
        "٣/60",
        "OFF",
    ],
)
def test_a_limit_is_a_count_in_so_many_seconds(text: str) -> None:
    """None that would let nobody in, and none that is no limit; an empty one is the default."""
    environment = PRODUCTION | {"PIC_LIMIT_STARTS_PER_ADDRESS": text}
    if not text:
        assert read_settings(environment).limits == read_settings(PRODUCTION).limits
        return
    (fault,) = faults_of(environment)
    assert fault == "PIC_LIMIT_STARTS_PER_ADDRESS must be count/seconds, 1-1000000 in 1-86400"


def test_limits_are_off_on_a_laptop_only() -> None:
    """Whoever guards a sign-in guards all of it."""
    names = [name for name in SAMPLE if name.startswith(("PIC_LIMIT_", "PIC_WATCH_"))]
    off = dict.fromkeys(names, "off")
    settings = read_settings(SAMPLE | off)
    groups = (settings.limits, settings.staff_limits, settings.watch)
    limits = [getattr(each, field.name) for each in groups for field in fields(each)]
    assert len(limits) == len(names) >= 20
    assert set(limits) == {None, False}
    assert sorted(faults_of(PRODUCTION | off)) == sorted(
        f"{name}=off is only for PIC_ENVIRONMENT=local" for name in names
    )


def test_the_limits_do_not_lock_an_office_out() -> None:
    """Two hundred who begin in the same minute behind one address, each of whom shows a code and polls."""
    limits = read_settings(PRODUCTION).limits
    assert limits.starts_per_address is not None
    assert limits.polls_per_address is not None
    assert limits.starts_per_address.count >= 200
    codes, polls = 200 * 30, 200 * 30
    assert limits.polls_per_address.count / limits.polls_per_address.seconds * 60 >= codes + polls


def test_the_highest_pepper_is_the_current_one() -> None:
    """In whatever order they stand; the others are known too."""
    settings = read_settings({**PRODUCTION, "PIC_SUBJECT_PEPPERS": f"10:{pepper(14)}, 9:{pepper(15)},2:{pepper(16)}"})
    assert settings.peppers.current == 10
    assert sorted(settings.peppers.secrets) == [2, 9, 10]

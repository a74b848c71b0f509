"""Which tenants' applications may be API clients, as settings say it."""

from typing import Any

import pytest

from shared.api_settings import AUTHORITY, ApiAppSettings, read_api_apps
from shared.setting_values import Reader

TENANT, OTHER = (f"0000000{n}-aaaa-4bbb-8ccc-0123456789ab" for n in (1, 2))
ORGANISATION = "01k2m3n4p5q6r7s8t9v0w1x2y3"
AUDIENCE = "5d7a1f0e-1111-4222-8333-0123456789ab"


def read(*, is_local: bool = False, **environment: str) -> tuple[ApiAppSettings, list[str]]:
    reader = Reader({f"PIC_API_ENTRA_{name}": text for name, text in environment.items()})
    return read_api_apps(reader, is_local=is_local), reader.faults


def test_without_any_no_tenant_has_clients() -> None:
    """The default is nobody."""
    assert read() == (ApiAppSettings(authority=AUTHORITY), [])


def test_tenants_belong_to_organisations() -> None:
    """Each to one; an organisation may have several."""
    text = f"{TENANT}={ORGANISATION}, {OTHER}={ORGANISATION}"
    found, faults = read(TENANTS=text, AUDIENCES=f"{AUDIENCE}, api://pic.example/x-y")
    assert faults == []
    assert found.tenants == {TENANT: ORGANISATION, OTHER: ORGANISATION}
    assert found.audiences == {AUDIENCE, "api://pic.example/x-y"}


WRONG: dict[str, dict[str, Any]] = {
    "no organisation": {"TENANTS": TENANT, "AUDIENCES": AUDIENCE},
    "not an organisation": {"TENANTS": f"{TENANT}=kommunen", "AUDIENCES": AUDIENCE},
    "not a tenant": {"TENANTS": f"common={ORGANISATION}", "AUDIENCES": AUDIENCE},
    "upper case": {"TENANTS": f"{TENANT.upper()}={ORGANISATION}", "AUDIENCES": AUDIENCE},
    "twice": {"TENANTS": f"{TENANT}={ORGANISATION},{TENANT}={ORGANISATION}", "AUDIENCES": AUDIENCE},
    "no audience": {"TENANTS": f"{TENANT}={ORGANISATION}"},
    "five audiences": {"TENANTS": f"{TENANT}={ORGANISATION}", "AUDIENCES": "a,b,c,d,e"},
    "an empty audience": {"TENANTS": f"{TENANT}={ORGANISATION}", "AUDIENCES": "a,,b"},
    "no TLS": {"AUTHORITY": "http://127.0.0.1:1"},
    "a path": {"AUTHORITY": "https://login.example/common"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_by_name(wrong: str) -> None:
    """And without what was written there."""
    _, faults = read(**WRONG[wrong])
    assert len(faults) == 1
    assert faults[0].startswith("PIC_API_ENTRA_")
    assert not any(text in faults[0] for text in WRONG[wrong].values())


def test_a_laptop_may_have_an_authority_of_its_own() -> None:
    """As the tests do."""
    assert read(is_local=True, AUTHORITY="http://127.0.0.1:1")[1] == []

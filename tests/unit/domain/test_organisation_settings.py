"""An organisation's settings: stricter than the service and never milder, and read back as they were written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.assurance import Assurance
from shared.domain.content_checks import ContentPolicy, Finding
from shared.domain.entra_rules import EntraRules, Mapping
from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.ids import UnitId
from shared.domain.organisation_settings import (
    NoticeStyle,
    OrganisationSettings,
    RetentionRule,
    SecondFactor,
    StaffSignIn,
)
from shared.domain.principals import Role

DEFAULT = OrganisationSettings()
DAYS = st.none() | st.integers(1, 365)


def test_the_defaults_are_the_careful_ones() -> None:
    """An organisation that never looks at its settings is as safe as we can make it."""
    assert DEFAULT.second_factor is SecondFactor.REQUIRED
    assert DEFAULT.sign_in == {StaffSignIn.PASSWORD}
    assert DEFAULT.required_assurance is Assurance.LOA3
    assert DEFAULT.notice_style is NoticeStyle.NEUTRAL
    assert DEFAULT.retention(365) == RetentionRule(default_days=365, ceiling_days=365)


TENANT = "11111111-2222-4333-8444-555555555555"
RULES = (
    EntraRules(tenants=frozenset({TENANT})),
    EntraRules(
        tenants=frozenset({TENANT, "99999999-2222-4333-8444-555555555555"}),
        lets_in=True,
        context="c1",
        mappings=(
            Mapping(value=TENANT, is_group=True, role=Role.ADMIN, units=frozenset()),
            Mapping(value="Pic.Member", is_group=False, role=Role.MEMBER, units=frozenset({UnitId("0" * 26)})),
        ),
    ),
)


@given(
    st.builds(
        OrganisationSettings,
        second_factor=st.sampled_from(SecondFactor),
        sign_in=st.frozensets(st.sampled_from(StaffSignIn), min_size=1),
        retention_default_days=st.none() | st.integers(1, 30),
        retention_ceiling_days=st.none() | st.integers(30, 365),
        required_assurance=st.sampled_from(Assurance),
        notice_style=st.sampled_from(NoticeStyle),
        upload_max_bytes=st.none() | st.integers(1, 10**12),
        content=st.builds(ContentPolicy, refused=st.frozensets(st.sampled_from(Finding))),
        entra=st.sampled_from(RULES),
    )
)
def test_what_is_written_reads_back(made: OrganisationSettings) -> None:
    """Every setting there is."""
    assert OrganisationSettings.of(made.body()) == made


def test_a_record_from_before_a_setting_has_its_default() -> None:
    """A new setting needs no migration."""
    assert OrganisationSettings.of({}) == DEFAULT


@pytest.mark.parametrize(
    "body",
    [
        {"second_factor": "none"},
        {"second_factor": 1},
        {"sign_in": ["magic"]},
        {"sign_in": []},
        {"sign_in": "password"},
        {"retention_default_days": "30"},
        {"retention_ceiling_days": 0},
        {"required_assurance": "loa1"},
        {"notice_style": "loud"},
        {"upload_max_bytes": True},
        {"content": {"refused": ["virus"]}},
        {"content": []},
    ],
    ids=str,
)
def test_a_damaged_record_is_no_setting(body: dict[str, Any]) -> None:
    """Falling back to a default would loosen what somebody had tightened."""
    with pytest.raises(IntegrityError):
        OrganisationSettings.of(body)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("sign-in", {"sign_in": frozenset()}),
        ("retention-ceiling-days", {"retention_ceiling_days": 0}),
        ("retention-ceiling-days", {"retention_ceiling_days": 366}),
        ("retention-default-days", {"retention_default_days": 0}),
        ("retention-default-days", {"retention_default_days": 366}),
        ("retention-default-days", {"retention_default_days": 31, "retention_ceiling_days": 30}),
        ("upload-max-bytes", {"upload_max_bytes": 0}),
        ("upload-max-bytes", {"upload_max_bytes": -1}),
    ],
    ids=str,
)
def test_what_no_organisation_may_decide(rule: str, change: dict[str, Any]) -> None:
    """The rule names the field."""
    with pytest.raises(InvalidInputError) as caught:
        replace(DEFAULT, **change)
    assert caught.value.rule == rule


@given(DAYS, DAYS, st.integers(1, 365))
def test_nothing_lives_longer_than_the_service_keeps_it(default: int | None, ceiling: int | None, service: int) -> None:
    """Whatever an organisation decided, and also when the service became stricter afterwards."""
    if default is not None and ceiling is not None and default > ceiling:
        default = ceiling
    rule = OrganisationSettings(retention_default_days=default, retention_ceiling_days=ceiling).retention(service)
    assert 1 <= rule.default_days <= rule.ceiling_days <= service
    assert ceiling is None or rule.ceiling_days <= ceiling


@given(st.none() | st.integers(1, 100), st.integers(1, 100))
def test_no_file_is_larger_than_the_service_takes(own: int | None, service: int) -> None:
    """None: as much as the service."""
    assert OrganisationSettings(upload_max_bytes=own).largest_upload(service) == min(own or service, service)


def test_what_differs_is_told_by_name() -> None:
    """For the log, which holds no values."""
    changed = replace(DEFAULT, notice_style=NoticeStyle.NAMED, retention_ceiling_days=30)
    assert changed.differing(DEFAULT) == ("retention_ceiling_days", "notice_style")
    assert DEFAULT.differing(DEFAULT) == ()


def test_nobody_locks_the_organisation_out() -> None:
    """With Entra ID alone and no tenant, no admin could ever sign in to change it back."""
    with pytest.raises(InvalidInputError, match="sign-in"):
        OrganisationSettings(sign_in=frozenset({StaffSignIn.ENTRA}))

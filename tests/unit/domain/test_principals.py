"""Principals: how they are named in receipts and events, and what they show of themselves."""

import pytest

from shared.domain.assurance import Assurance
from shared.domain.ids import OrganisationId, StaffId, Subject, UnitId
from shared.domain.principals import Person, Principal, Role, Staff, reader_key

STAFF = Staff(
    organisation=OrganisationId("organisation-id"),
    staff=StaffId("staff-id"),
    role=Role.MEMBER,
    units=frozenset({UnitId("unit-id")}),
    name="Anna Exempel",
)
PERSON = Person(subject=Subject("s1-0123abc"), name="Tolvan Tolvansson", provider="bankid", assurance=Assurance.LOA3)


@pytest.mark.parametrize(("principal", "key"), [(STAFF, "staff-id"), (PERSON, "s1-0123abc")])
def test_a_reader_is_named_by_id_or_pseudonym(principal: Principal, key: str) -> None:
    """Never by name: audit events and receipts are kept under it."""
    assert reader_key(principal) == key


@pytest.mark.parametrize("principal", [STAFF, PERSON])
def test_repr_shows_no_name_and_no_pseudonym(principal: Principal) -> None:
    """A traceback prints it."""
    assert principal.name not in repr(principal)
    assert "s1-" not in repr(principal)


def test_there_are_three_roles() -> None:
    """A fourth has to be thought of wherever a role decides."""
    assert {role.value for role in Role} == {"member", "admin", "auditor"}

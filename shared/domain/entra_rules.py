"""What an organisation decides of sign-ins by Entra ID: which tenants are its own, and what comes of groups and roles.

A tenant belongs to one organisation, and only an operator says to which: an admin who could name any tenant would
take in the staff of another organisation. The rest is the admins'.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.bodies import Fields
from shared.domain.errors import InvalidInputError
from shared.domain.ids import UnitId, is_id
from shared.domain.ports import Body
from shared.domain.principals import Role

GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As Entra ID writes the ids of tenants, groups and accounts."""

CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of private Microsoft accounts, which anybody has. Source: Microsoft identity platform, ID token claims."""

CLAIM_CHARACTERS: Final = 120
MAX_MAPPINGS: Final = 100
MAX_TENANTS: Final = 10
_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,119}")
_CONTEXT: Final = re.compile(r"c([1-9]|[1-9][0-9])")

_STRONGEST: Final = (Role.ADMIN, Role.AUDITOR, Role.MEMBER)
"""Of several roles the first counts. An auditor sees no content, so that one comes before a member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Who has ``value`` among the claim's groups or app roles gets this role and serves these units.

    ``is_group``: it is the id of a group; else an app role, by its value. Raises ``InvalidInputError``.
    """

    value: str
    is_group: bool
    role: Role
    units: frozenset[UnitId]

    def __post_init__(self) -> None:
        if not (GUID if self.is_group else _VALUE).fullmatch(self.value) or not all(is_id(u) for u in self.units):
            raise InvalidInputError("entra-mappings")

    def body(self) -> Body:
        return {
            "value": self.value,
            "is_group": self.is_group,
            "role": self.role.value,
            "units": sorted(self.units),
        }

    @classmethod
    def of(cls, read: Fields) -> "Mapping":
        """Raises ``IntegrityError``, ``InvalidInputError``, ``ValueError``."""
        return cls(
            value=read.text("value"),
            is_group=read.fact("is_group"),
            role=Role(read.text("role")),
            units=frozenset(UnitId(unit) for unit in read.texts("units")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody's groups and app roles come to."""

    role: Role
    units: frozenset[UnitId]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRules:
    """``lets_in``: whoever has a mapped group or role gets an account as they come; else only who was invited.

    ``context`` is the id of the authentication context (``c1`` to ``c99``) that stands for a second factor, beside
    what ``amr`` says; None where there is none. Raises ``InvalidInputError``.
    """

    tenants: frozenset[str] = frozenset()
    lets_in: bool = False
    context: str | None = None
    mappings: tuple[Mapping, ...] = ()

    def __post_init__(self) -> None:
        if len(self.tenants) > MAX_TENANTS or not all(is_tenant(tenant) for tenant in self.tenants):
            raise InvalidInputError("entra-tenants")
        if self.context is not None and not _CONTEXT.fullmatch(self.context):
            raise InvalidInputError("entra-context")
        named = {(mapping.is_group, mapping.value) for mapping in self.mappings}
        if len(self.mappings) > MAX_MAPPINGS or len(named) != len(self.mappings):
            raise InvalidInputError("entra-mappings")
        if self.lets_in and not self.mappings:
            # Else the whole tenant, with every guest in it.
            raise InvalidInputError("entra-lets-in")

    @property
    def asks_for_groups(self) -> bool:
        """Whether the groups of somebody decide anything."""
        return any(mapping.is_group for mapping in self.mappings)

    def changed(
        self, *, tenants: frozenset[str], lets_in: bool, context: str | None, mappings: tuple[Mapping, ...]
    ) -> "EntraRules":
        """What an admin makes of it: tenants only go. Raises ``InvalidInputError``."""
        if not tenants <= self.tenants:
            raise InvalidInputError("entra-tenants")
        return EntraRules(tenants=tenants, lets_in=lets_in, context=context, mappings=mappings)

    def given(self, groups: Collection[str], roles: Collection[str]) -> Given | None:
        """What these come to; None: nothing is mapped, so they have no business here."""
        found = [each for each in self.mappings if each.value in (groups if each.is_group else roles)]
        if not found:
            return None
        role = next(role for role in _STRONGEST if any(each.role is role for each in found))
        return Given(role=role, units=frozenset[UnitId]().union(*(each.units for each in found)))

    def proves_second_factor(self, methods: Collection[str], contexts: Collection[str]) -> bool:
        """Whether ``amr`` or ``acrs`` tells of more than one factor (RFC 8176; Entra ID, authentication contexts)."""
        return "mfa" in methods or (self.context is not None and self.context in contexts)

    def body(self) -> Body:
        return {
            "tenants": sorted(self.tenants),
            "lets_in": self.lets_in,
            "context": self.context,
            "mappings": [mapping.body() for mapping in self.mappings],
        }

    @classmethod
    def of(cls, read: Fields) -> "EntraRules":
        """Raises ``IntegrityError``, ``InvalidInputError``, ``ValueError``."""
        mappings: Sequence[Fields] = read.nested("mappings")
        return cls(
            tenants=frozenset(read.texts("tenants")),
            lets_in=read.fact("lets_in"),
            context=read.optional_text("context"),
            mappings=tuple(Mapping.of(each) for each in mappings),
        )


def is_tenant(text: str) -> bool:
    """Whether it is the id of a tenant that an organisation can have."""
    return GUID.fullmatch(text) is not None and text != CONSUMERS

"""Organisations, units and staff: as much as an operator's command needs to set one up."""

from dataclasses import dataclass, field

from shared.crypto.fields import seal_field
from shared.crypto.pseudonyms import address_key
from shared.domain import places, texts
from shared.domain.bodies import instant_text
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, UnitId, is_id, new_id
from shared.domain.organisation_settings import OrganisationSettings
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Passwords, Records
from shared.domain.principals import Role
from shared.domain.staff_members import StaffState
from shared.services.keyring import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """Someone to be let in."""

    name: str = field(repr=False)
    mail_address: str = field(repr=False)
    password: str = field(repr=False)
    role: Role
    units: tuple[UnitId, ...]


class Administering:
    """Makes organisations and who belongs to them."""

    def __init__(
        self,
        *,
        records: Records,
        keyring: Keyring,
        passwords: Passwords,
        address_pepper: bytes,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._keyring = keyring
        self._passwords = passwords
        self._address_pepper = address_pepper
        self._clock = clock
        self._random = random

    async def prepare_platform(self) -> None:
        """Make the platform's own key. Does nothing when it exists."""
        await self._keyring.create(PLATFORM)

    async def create_organisation(self, name: str) -> OrganisationId:
        """A new organisation with its key-encryption key and first key. Raises ``InvalidInputError`` (``name``)."""
        name = texts.name(name)
        organisation = OrganisationId(new_id(self._clock(), self._random))
        await self._keyring.create(organisation)
        place = places.organisation(organisation)
        body = {"organisation": organisation, "name": name, "created_at": instant_text(self._clock())}
        await self._records.create(place.partition, place.id, body)
        settings = places.organisation_settings(organisation)
        await self._records.create(settings.partition, settings.id, OrganisationSettings().body())
        return organisation

    async def create_unit(self, organisation: OrganisationId, name: str, *, mail_address: str | None) -> UnitId:
        """A function mailbox. ``mail_address`` is a function address, not a person's; notices of replies go there."""
        name = texts.name(name)
        unit = UnitId(new_id(self._clock(), self._random))
        place = places.unit(organisation, unit)
        address = None if mail_address is None else texts.mail_address(mail_address)
        await self._records.create(place.partition, place.id, {"unit": unit, "name": name, "mail_address": address})
        return unit

    async def _check_unit(self, organisation: OrganisationId, unit: UnitId) -> None:
        if not is_id(unit):
            raise InvalidInputError("unit")
        place = places.unit(organisation, unit)
        try:
            await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise InvalidInputError("unit") from fault

    async def add_staff(self, organisation: OrganisationId, new: NewStaff) -> StaffId:
        """Let someone sign in.

        Raises ``ConflictError`` when the address is taken, ``InvalidInputError`` (``mail-address``; ``unit`` for one
        that is not of the organisation).
        """
        for unit in new.units:
            await self._check_unit(organisation, unit)
        staff = StaffId(new_id(self._clock(), self._random))
        key = await self._keyring.current(organisation)
        place = places.staff(organisation, staff)

        def seal(text: str, name: str) -> str:
            return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

        body = {
            "staff": staff,
            "state": StaffState.ACTIVE.value,
            "role": new.role.value,
            "units": list(new.units),
            "name": seal(texts.name(new.name), "name"),
            "mail_address": seal(texts.mail_address(new.mail_address), "mail_address"),
            "created_at": instant_text(self._clock()),
        }
        login_place = places.staff_login(address_key(new.mail_address, self._address_pepper))
        login = {"organisation": organisation, "staff": staff, "password": await self._passwords.hash(new.password)}
        # The staff record first: a login never points at nobody.
        await self._records.create(place.partition, place.id, body)
        try:
            await self._records.create(login_place.partition, login_place.id, login)
        except RecordExistsError as fault:
            await self._records.delete_if_match(await self._records.get(place.partition, place.id))
            raise ConflictError from fault
        return staff

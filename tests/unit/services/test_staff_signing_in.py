"""Staff sign-in: one answer for all that is wrong, and every attempt in the log."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.domain import places
from shared.domain.errors import DependencyError, WrongCredentialsError
from shared.domain.places import PLATFORM, Place
from shared.domain.principals import Staff
from shared.domain.sign_in_methods import SignInMethod
from shared.services.sessions import NewSession
from tests.support.memory_container import PASSWORD
from tests.support.scene import Scene
from tests.support.taps import Tap, meetings

ADDRESS = "Anna.Exempel@example.com"


class CountedPasswords:
    """Sees what is verified, and how often."""

    def __init__(self, scene: Scene) -> None:
        self._inner = scene.container.passwords
        self.verified: list[bool] = []

    async def hash(self, password: str) -> str:
        return await self._inner.hash(password)

    async def verify(self, stored: str | None, password: str) -> str | None:
        self.verified.append(stored is not None)
        return await self._inner.verify(stored, password)


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper(), ADDRESS.lower(), f" {ADDRESS} "])
async def test_the_right_password_signs_in(scene: Scene, address: str) -> None:
    """However the address is written."""
    staff = await scene.staff(address=ADDRESS)
    session = await scene.container.staff_signing_in.sign_in(address, PASSWORD)
    assert isinstance(session, NewSession)
    proved = replace(staff, methods=frozenset({SignInMethod.PASSWORD}), verified_at=scene.container.clock())
    assert session.principal == proved
    assert await scene.container.sessions.principal_of(session.token) == proved
    assert [event["by"] for event in scene.events("session:staff:raise")] == [staff.staff]


@pytest.mark.parametrize(
    ("address", "password"),
    [
        (ADDRESS, "wrong"),
        (ADDRESS, ""),
        (ADDRESS, PASSWORD + " "),
        (ADDRESS, PASSWORD.upper()),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("\udc80", "\udc80"),
        ("a|b", PASSWORD),
    ],
)
async def test_all_that_is_wrong_looks_alike(scene: Scene, address: str, password: str) -> None:
    """Unknown address and wrong password: the same error, nothing in it, after one verification, and no session."""
    await scene.staff(address=ADDRESS)
    instance = scene.instance()
    passwords = CountedPasswords(scene)
    instance.passwords = passwords
    with pytest.raises(WrongCredentialsError) as refused:
        await instance.staff_signing_in.sign_in(address, password)
    assert refused.value.args == ()
    assert len(passwords.verified) == 1
    assert not scene.bodies("session|")


async def test_refusals_are_in_the_log_of_whom_they_concern(scene: Scene) -> None:
    """A known address in the organisation's; unknown ones in the platform's, once a minute: strangers fill no store."""
    staff = await scene.staff(address=ADDRESS)
    for address in (ADDRESS, *(f"nobody{number}@example.com" for number in range(50))):
        with pytest.raises(WrongCredentialsError):
            await scene.container.staff_signing_in.sign_in(address, "wrong")
    found = {
        at.partition.split("|")[1]: body["by"]
        for at, body in scene.bodies("audit|").items()
        if body["event"] == "session:staff:refuse"
    }
    assert found == {scene.organisation: staff.staff, PLATFORM: "unknown"}
    assert len(scene.events("session:staff:refuse")) == 2
    scene.container.clock.move(minutes=1)
    with pytest.raises(WrongCredentialsError):
        await scene.container.staff_signing_in.sign_in("nobody@example.com", "wrong")
    assert len(scene.events("session:staff:refuse")) == 3
    assert "example.com" not in scene.raw_records().replace("unit@example.com", "").lower()


async def test_the_calls_do_not_tell_which_addresses_exist(scene: Scene) -> None:
    """As many calls to the store for an unknown address as for a wrong password, of the same sort: the same time."""
    await scene.staff(address=ADDRESS)
    await scene.container.address_pepper.check()  # Stored with the first attempt that there ever was.
    calls: list[list[str]] = []
    for address in (ADDRESS, "nobody@example.com", "nobody@example.com"):
        tap = Tap()
        with pytest.raises(WrongCredentialsError):
            await scene.instance(tap).staff_signing_in.sign_in(address, "wrong")
        calls.append([call.name for call in tap.calls])
    assert calls[0] == calls[1] == calls[2]


class Renewing:
    """Finds that what is stored is old; ``meanwhile`` happens while the password is verified."""

    def __init__(self, scene: Scene, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self._inner = scene.container.passwords
        self._meanwhile = meanwhile
        self.newer = ""

    async def hash(self, password: str) -> str:
        return await self._inner.hash(password)

    async def verify(self, stored: str | None, password: str) -> str | None:
        await self._inner.verify(stored, password)
        if self._meanwhile is not None:
            await self._meanwhile()
        self.newer = await self._inner.hash(password)
        return self.newer


def login_of(scene: Scene) -> tuple[Place, dict[str, Any]]:
    [(place, body)] = scene.bodies("login|").items()
    return place, body


async def test_what_is_old_is_stored_anew(scene: Scene) -> None:
    """Once the password is proved, and nothing else of the login changes."""
    await scene.staff(address=ADDRESS)
    _, before = login_of(scene)
    instance = scene.instance()
    instance.passwords = renewing = Renewing(scene)
    with pytest.raises(WrongCredentialsError):
        await instance.staff_signing_in.sign_in(ADDRESS, "wrong")
    assert login_of(scene)[1] == before
    await instance.staff_signing_in.sign_in(ADDRESS, PASSWORD)
    assert login_of(scene)[1] == {**before, "password": renewing.newer}
    await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)


async def test_a_password_that_is_changed_meanwhile_stays_changed(scene: Scene) -> None:
    """A renewal that comes late must not bring the old one back."""
    await scene.staff(address=ADDRESS)
    place, before = login_of(scene)

    async def change() -> None:
        record = await scene.container.records.get(place.partition, place.id)
        await scene.container.record_store.replace_if_match(record, {**before, "password": "changed"})

    instance = scene.instance()
    instance.passwords = Renewing(scene, change)
    with pytest.raises(WrongCredentialsError):
        await instance.staff_signing_in.sign_in(ADDRESS, PASSWORD)
    assert login_of(scene)[1]["password"] == "changed"
    assert not scene.bodies("session|")


async def test_who_has_chosen_no_password_yet_is_a_stranger(scene: Scene) -> None:
    """An invitation keeps the address for somebody; nothing signs in with it."""
    await scene.staff(address=ADDRESS)
    place, before = login_of(scene)
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {**before, "password": None})
    for password in ("", PASSWORD, "None"):
        with pytest.raises(WrongCredentialsError):
            await scene.container.staff_signing_in.sign_in(ADDRESS, password)


async def remove(scene: Scene, staff: Staff) -> None:
    """What an administrator will be able to do."""
    place = places.staff(staff.organisation, staff.staff)
    await scene.container.record_store.delete_if_match(await scene.container.records.get(place.partition, place.id))


async def test_who_was_removed_is_refused_as_a_stranger(scene: Scene) -> None:
    """The login may outlive the staff record; that the password was right is not told."""
    await remove(scene, await scene.staff(address=ADDRESS))
    with pytest.raises(WrongCredentialsError):
        await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)
    assert len(scene.events("session:staff:refuse")) == 1
    assert not scene.bodies("session|")


async def test_without_a_log_there_is_no_sign_in(scene: Scene) -> None:
    """The store fails at any call: no session, and never "wrong password"."""
    await scene.staff(address=ADDRESS)

    async def down() -> None:
        raise DependencyError

    for tap in meetings(down):
        before = set(scene.bodies("session|"))
        try:
            session = await scene.instance(tap).staff_signing_in.sign_in(ADDRESS, PASSWORD)
        except DependencyError:
            assert set(scene.bodies("session|")) == before
        else:
            assert not tap.was_reached
            await scene.container.sessions.principal_of(session.token)

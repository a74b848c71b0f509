"""The pepper of sign-in addresses does not change in silence."""

import base64

import pytest

from shared.domain.errors import IntegrityError, WrongCredentialsError
from shared.settings import read_settings
from tests.support.memory_container import ENVIRONMENT, PASSWORD
from tests.support.scene import Scene

ADDRESS = "anna@example.com"
OTHER = {**ENVIRONMENT, "PIC_ADDRESS_PEPPER": base64.b64encode(bytes(range(1, 33))).decode()}


async def test_an_instance_with_another_pepper_says_so(scene: Scene) -> None:
    """Rather than "wrong password" to everybody; and it writes nothing under the wrong one."""
    await scene.staff(address=ADDRESS)
    await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)
    before = scene.bodies()
    instance = scene.instance()
    instance.settings = read_settings(OTHER)
    for _ in range(2):
        with pytest.raises(IntegrityError):
            await instance.staff_signing_in.sign_in(ADDRESS, PASSWORD)
        with pytest.raises(IntegrityError):
            await instance.setting_passwords.by_link("x", "ordmoln-paraply-kvist-91")
    assert scene.bodies() == before
    await scene.instance().staff_signing_in.sign_in(ADDRESS, PASSWORD)


async def test_the_first_use_is_what_counts(scene: Scene) -> None:
    """Of two that begin at once with different ones, one is refused."""
    first, second = scene.instance(), scene.instance()
    second.settings = read_settings(OTHER)
    await first.address_pepper.check()
    with pytest.raises(IntegrityError):
        await second.address_pepper.check()
    with pytest.raises(WrongCredentialsError):
        await first.staff_signing_in.sign_in(ADDRESS, PASSWORD)
    assert scene.container.settings.address_pepper.hex() not in scene.raw_records()

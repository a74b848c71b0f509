"""Second factors and the rotation of the organisation's key: they outlive versions, and keep none alive."""

from shared.crypto.one_time_codes import code_of, step_of
from tests.support.scene import Scene


async def test_factors_are_sealed_anew_when_a_version_is_retired(scene: Scene) -> None:
    """The names and secrets of apps that count and of one that waits; and they read as before."""
    container = scene.container
    staff = await scene.staff()
    begun = await container.enrolling_factors.begin_app(staff, "Telefonen")
    container.clock.move(days=364)
    await container.rotating_keys.rotate_all(made_before=container.clock())
    container.clock.move(hours=2)
    before = await container.factor_records.of(scene.organisation, staff.staff)
    assert (await container.retiring_keys.retire(scene.organisation)).retired == (1,)
    after = await container.factor_records.of(scene.organisation, staff.staff)
    assert before != after
    assert all(text.startswith("f1.2.") for text in after.sealed().values())
    assert len(after.sealed()) == 2
    assert (await container.retiring_keys.count(scene.organisation)).named.keys() == {2}
    assert after.enrolling is not None
    step = await container.proving_factors.step_of_code(
        scene.organisation, staff.staff, after.enrolling, code_of(begun.secret, step_of(container.clock()))
    )
    assert step > 0

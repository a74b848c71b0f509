"""``entra-tenant``: an operator gives a tenant to an organisation, and takes it back."""

import argparse

import pytest

from shared.operations import entra_tenant
from tests.support.entra import OTHER_TENANT, TENANT
from tests.support.scene import Scene


async def command(scene: Scene, tenant: str, *more: str, organisation: str | None = None) -> int:
    """Run it as the command line would."""
    parser = argparse.ArgumentParser()
    entra_tenant.add_to(parser.add_subparsers(required=True))
    arguments = ["entra-tenant", "--organisation", organisation or scene.organisation, "--tenant", tenant, *more]
    options = parser.parse_args(arguments)
    status: int = await options.run(scene.container, options)
    return status


async def test_it_gives_and_takes_back(capsys: pytest.CaptureFixture[str]) -> None:
    """As often as one likes; each time it says what there is."""
    scene = await Scene.make()
    for tenant in (TENANT, TENANT, OTHER_TENANT.upper()):
        assert await command(scene, tenant) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"tenants: {TENANT}, {OTHER_TENANT}"
    for _ in range(2):
        assert await command(scene, TENANT, "--remove") == 0
    assert await command(scene, OTHER_TENANT, "--remove") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "tenants: none"


async def test_it_refuses_what_is_anothers_or_none() -> None:
    """Nothing changes by it; and what was taken back may be another's."""
    scene = await Scene.make()
    other = await scene.container.administering.create_organisation("Grannkommunen")
    assert await command(scene, TENANT) == 0
    assert await command(scene, TENANT, organisation=other) == 1
    assert await command(scene, "example.com") == 1
    assert await command(scene, TENANT, organisation="0" * 26) == 1
    assert await command(scene, TENANT, "--remove", organisation=other) == 0
    assert (await scene.container.organisation_settings.of(scene.organisation)).entra.tenants == {TENANT}
    assert await scene.container.entra_accounts.organisation_of(TENANT) is None  # Not before it is a way in.
    assert await command(scene, TENANT, "--remove") == 0
    assert await command(scene, TENANT, organisation=other) == 0

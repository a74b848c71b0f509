"""The operator's commands that an organisation begins with: made, and its first admin invited."""

import argparse
import io

import pytest

from shared.domain.ids import OrganisationId, is_id
from shared.domain.principals import Role
from shared.domain.staff_members import StaffState
from shared.operations import create_organisation, invite_admin
from tests.support.scene import Scene


async def said(scene: Scene, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What the command prints."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in (create_organisation, invite_admin):
        command.add_to(commands)
    options = parser.parse_args(arguments)
    assert await options.run(scene.container, options) == status
    return capsys.readouterr().out.strip()


async def test_an_organisation_and_its_first_admin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands, one after the other; name and address come by the standard input."""
    scene = await Scene.make()
    organisation = (await said(scene, capsys, "create-organisation", "--name", "Grannkommunen")).partition(": ")[2]
    assert is_id(organisation)
    monkeypatch.setattr("sys.stdin", io.StringIO("Eva Exempel\neva@example.com\n"))
    told = await said(scene, capsys, "invite-admin", "--organisation", organisation)
    (admin,) = await scene.container.staffing.list(OrganisationId(organisation))
    assert told == f"invited: {admin.staff}"
    assert (admin.name, admin.mail_address) == ("Eva Exempel", "eva@example.com")
    assert (admin.role, admin.state) == (Role.ADMIN, StaffState.INVITED)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
async def test_a_name_that_is_none_makes_nothing(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """One visible line."""
    scene = await Scene.make()
    before = scene.bodies()
    assert (await said(scene, capsys, "create-organisation", "--name", name, status=1)).startswith("no such name")
    assert scene.bodies() == before


@pytest.mark.parametrize(
    ("organisation", "answers"),
    [
        ("0" * 26, "Eva\neva@example.com\n"),
        ("../x", "Eva\neva@example.com\n"),
        (None, "\neva@example.com\n"),
        (None, "Eva\nnowhere\n"),
        (None, "Eva\n"),
        (None, ""),
        (None, "Eva\nbo@example.com\n"),
    ],
)
async def test_a_slip_invites_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, organisation: str | None, answers: str
) -> None:
    """An organisation that is not there, no name, no address, one that somebody has; and what was typed is not shown."""
    scene = await Scene.make()
    await scene.staff(address="bo@example.com")
    before = scene.bodies()
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    told = await said(scene, capsys, "invite-admin", "--organisation", organisation or scene.organisation, status=1)
    assert "eva@example.com" not in told
    assert scene.bodies() == before

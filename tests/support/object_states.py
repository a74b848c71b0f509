"""The states that the objects of a scene can be in, and how each comes to be: the last axis of the matrix."""

from collections.abc import Awaitable, Callable, Mapping

from shared.domain.ids import ClientId, StaffId
from shared.domain.principals import Role
from shared.domain.retention import CEILING_DAYS, UPLOAD_DAYS
from shared.services.staffing import NewMember
from tests.support.every_route import BEGINNER, CONTENT, Scene
from tests.support.world import TOLVAN

Preparing = Callable[[Scene], Awaitable[None]]


async def _as_it_is(scene: Scene) -> None:
    """Nothing to do."""


async def _expired(scene: Scene) -> None:
    await _later(scene, CEILING_DAYS)


async def _later(scene: Scene, days: int) -> None:
    scene.world.container.clock.move(days=days)
    scene.staff = await scene.world.signed_in(BEGINNER)


async def _draft(scene: Scene) -> None:
    """A draft with a whole file takes the place of what was delivered."""
    scene.delivered = await scene.world.draft(scene.staff, scene.thread)
    scene.file = await scene.world.upload(scene.staff, scene.delivered, CONTENT)


async def _sent(scene: Scene) -> None:
    """In its undo window."""
    await _draft(scene)
    await scene.staff.json("POST", f"{scene.delivered}/send", 202)


async def _deleted(scene: Scene) -> None:
    assert (await scene.staff.call("DELETE", scene.delivered)).status_code == 204


async def _hidden(scene: Scene) -> None:
    """The person has deleted the own copy."""
    person = await scene.world.person(TOLVAN)
    assert (await person.call("DELETE", scene.delivered)).status_code == 204


async def _complete(scene: Scene) -> None:
    """Every byte has arrived."""
    assert (await scene.call("append_upload").by(scene.staff)).status_code == 204


async def _cancelled(scene: Scene) -> None:
    assert (await scene.call("cancel_upload").by(scene.staff)).status_code == 204


async def _abandoned(scene: Scene) -> None:
    await _later(scene, UPLOAD_DAYS)


async def _of_sent_draft(scene: Scene) -> None:
    """The draft that an upload would be for has gone off."""
    await _cancelled(scene)
    await scene.world.send(scene.staff, scene.draft)


async def _of_deleted_draft(scene: Scene) -> None:
    assert (await scene.staff.call("DELETE", scene.draft)).status_code == 204


async def _invited(scene: Scene) -> None:
    """Somebody who is invited takes the colleague's place."""
    new = NewMember(name="Ny Exempel", mail_address="invited@example.com", role=Role.MEMBER, units=())
    invited = await scene.world.container.staffing.invite(scene.world.organisation, new, by="system")
    scene.colleague = invited.staff


async def _left(scene: Scene) -> None:
    staffing = scene.world.container.staffing
    await staffing.leave(scene.world.organisation, StaffId(scene.colleague), successor=None, by="system")


async def _closed(scene: Scene) -> None:
    await scene.world.container.units.close(scene.world.organisation, scene.world.unit, by="system")


async def _enrolled(scene: Scene) -> None:
    """The app has shown its first code."""
    answer = await scene.call("confirm_app").by(scene.staff)
    assert answer.status_code == 200
    scene.staff.csrf = answer.json()["csrf_token"]


async def _revoked(scene: Scene) -> None:
    client = ClientId(scene.client.client_id.partition(".")[2])
    await scene.world.container.administering_clients.revoke(scene.world.organisation, client, by="system")


STATES: Mapping[str, Mapping[str, Preparing]] = {
    "thread": {"alive": _as_it_is, "expired": _expired},
    "message": {
        "delivered": _as_it_is,
        "draft": _draft,
        "sent": _sent,
        "deleted": _deleted,
        "hidden": _hidden,
        "expired": _expired,
    },
    "upload": {"underway": _as_it_is, "complete": _complete, "cancelled": _cancelled, "abandoned": _abandoned},
    "draft": {"draft": _as_it_is, "sent": _of_sent_draft, "deleted": _of_deleted_draft},
    "staff": {"active": _as_it_is, "invited": _invited, "left": _left},
    "unit": {"open": _as_it_is, "closed": _closed},
    "factor": {"begun": _as_it_is, "enrolled": _enrolled},
    "client": {"working": _as_it_is, "revoked": _revoked},
    "": {"-": _as_it_is},
}
"""By the kind of object that a route is about."""

NAMED_ELSEWHERE = {"create_upload": "draft", "create_thread": "unit", "list_threads": "unit"}
"""What routes are about that they name elsewhere than in their path."""


def kind_of(route: str, parameters: set[str]) -> str:
    """What a route with these path parameters is about."""
    if route in NAMED_ELSEWHERE:
        return NAMED_ELSEWHERE[route]
    kinds = ("upload", "message", "thread", "staff", "unit", "factor", "client")
    return next((kind for kind in kinds if kind in parameters), "")

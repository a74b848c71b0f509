"""A run through all that an admin does with an organisation, so that every event of it is there to be looked at."""

from dataclasses import replace

from shared.domain.alerts import Alert
from shared.domain.ids import new_id
from shared.domain.organisation_settings import NoticeStyle
from shared.domain.principals import Role
from shared.domain.security_events import SecurityEvent
from shared.services.staffing import MemberChange, NewMember
from shared.services.units import UnitChange
from tests.support.scene import Scene

ADMIN = "run.admin@example.com"


async def run_organisation(scene: Scene, *, name: str, mail_address: str) -> None:
    """Somebody of that name and address is invited, changed and let go, and much else."""
    container, organisation = scene.container, scene.organisation
    admin = await scene.staff(role=Role.ADMIN, address=ADMIN)
    unit = await container.units.create(organisation, UnitChange(name="Arkivet", mail_address=None), by=admin.staff)
    await container.units.change(organisation, unit.unit, UnitChange(name="Diariet", mail_address=None), by=admin.staff)
    new = NewMember(name=name, mail_address=mail_address, role=Role.MEMBER, units=(unit.unit,))
    member = await container.staffing.invite(organisation, new, by=admin.staff)
    await container.staffing.change(organisation, member.staff, MemberChange(role=Role.AUDITOR), by=admin.staff)
    await container.staffing.leave(organisation, member.staff, successor=None, by=admin.staff)
    await container.units.close(organisation, unit.unit, by=admin.staff)
    await container.organisation_settings.change(
        organisation, lambda found: replace(found, notice_style=NoticeStyle.NAMED), by=admin.staff
    )
    await container.announcing.announce()
    event = new_id(container.clock(), container.random)
    alert = Alert(
        kind=SecurityEvent.POLICY_CHANGED, organisation=organisation, event=event, seconds=0, admin=admin.staff
    )
    await container.queues.put(container.settings.notify_queue, alert.message())
    await container.run_queues()
    container.mailer.refused.add(ADMIN)
    for what in ("agreement", "sub-processors"):
        message = {"organisation": organisation, "staff": admin.staff, "change": what}
        await container.queues.put(container.settings.notify_queue, message)
    await container.run_queues()
    container.mailer.refused.discard(ADMIN)
    await container.audit_reading.page(admin, container.clock(), continuation=None)

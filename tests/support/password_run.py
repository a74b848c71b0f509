"""Everything that becomes of a password: mailed links, choosing by one, changing, and trying too often."""

import re

from shared.domain.errors import TooManyRequestsError
from tests.support.memory_container import PASSWORD
from tests.support.scene import Scene

ADDRESS = "losenord@example.com"
NEW = "ordmoln-paraply-kvist-91"
_LINK = re.compile(r"#/choose-password/([0-9A-Za-z_-]+)")


async def use_passwords(scene: Scene) -> None:
    """As staff would, the limit at the end included."""
    staff, container = await scene.staff(address=ADDRESS), scene.container
    await container.activating.ask_for_reset(ADDRESS)
    await container.run_queues()
    found = _LINK.search(container.mailer.sent[-1].text)
    assert found
    await container.setting_passwords.by_link(found[1], PASSWORD)
    await container.setting_passwords.change(staff, current=PASSWORD, new=NEW, here="no session of theirs")
    container.mailer.refused.add(ADDRESS)
    await container.activating.ask_for_reset(ADDRESS)
    await container.run_queues()
    container.mailer.refused.discard(ADDRESS)
    try:
        while True:
            await container.staff_limiting.allow_change(staff.staff)
    except TooManyRequestsError:
        return

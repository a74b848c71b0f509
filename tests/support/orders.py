"""Sign-in orders of a scene: started, approved and polled, by one browser or several."""

from dataclasses import dataclass

from shared.container import Container
from shared.domain.electronic_id import OrderRequest
from shared.domain.errors import ConflictError, NotFoundError
from shared.services.person_signing_in import COLLECT_INTERVAL, Refused, SignedIn, Waiting
from tests.support.scene import Scene

REQUEST = OrderRequest(
    end_user_ip="203.0.113.7",
    user_visible_text="Logga in",
    referring_domain="portal.test",
    user_agent="test",
    device_identifier="device",
)


@dataclass
class Order:
    """One order: the browser's flow and the e-ID's reference."""

    scene: Scene
    flow: str
    ref: str

    @classmethod
    async def start(cls, scene: Scene) -> "Order":
        """Begin one, and wait until it may be collected."""
        started = await scene.container.person_signing_in.start(REQUEST)
        scene.container.clock.now += COLLECT_INTERVAL
        return cls(scene, started.flow, scene.container.electronic_id.latest)

    async def poll(self, on: Container | None = None) -> Waiting | Refused | SignedIn:
        """Ask as the browser does."""
        return await (on or self.scene.container).person_signing_in.poll(self.flow)

    async def end(self) -> list[SignedIn | Refused | type[ConflictError] | type[NotFoundError]]:
        """Poll on until there is an answer that ends it. A conflict says that a session was raised before."""
        for _ in range(5):
            try:
                answer = await self.poll()
            except (ConflictError, NotFoundError) as fault:
                return [type(fault)]
            if not isinstance(answer, Waiting):
                return [answer]
            self.scene.container.clock.now += COLLECT_INTERVAL
        return []

"""Sign-in orders of a scene: started, approved and polled, by one browser or several."""

from dataclasses import dataclass

from shared.container import Container
from shared.domain.electronic_id import OrderRequest
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.user_messages import StartedBy
from shared.services.person_signing_in import Refused, SignedIn, Waiting
from shared.services.sign_in_collecting import COLLECT_INTERVAL
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
    async def start(cls, scene: Scene, started_by: StartedBy = StartedBy.QR) -> "Order":
        """Begin one, and wait until it may be collected."""
        started = await scene.container.person_signing_in.start(REQUEST, started_by)
        scene.container.clock.now += COLLECT_INTERVAL
        return cls(scene, started.flow, scene.container.electronic_id.latest)

    @property
    def nonce(self) -> str:
        """What the app brings back, as the e-ID was told of it."""
        address = self.scene.container.electronic_id.requests[int(self.ref.rpartition("-")[2]) - 1].return_url
        assert address is not None
        return address.rpartition("/")[2]

    async def come_back(
        self, on: Container | None = None, *, nonce: str | None = None, address: str = REQUEST.end_user_ip
    ) -> Waiting | Refused | SignedIn:
        """The app opens the return address in this browser."""
        service = (on or self.scene.container).person_signing_in
        return await service.come_back(self.flow, nonce or self.nonce, address)

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

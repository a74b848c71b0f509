"""``Mailer`` in memory, with what a test wants to know."""

from shared.adapters.mail_texts import composed
from shared.domain.errors import InvalidInputError
from shared.domain.ports import Clock, Mail

SENDER = "no-reply@pic.test"


class MemoryMail:
    """``sent`` holds what was handed over, oldest first. Addresses in ``refused`` are refused for good."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.sent: list[Mail] = []
        self.refused: set[str] = set()

    async def close(self) -> None:
        """There is nothing to close."""

    async def send(self, mail: Mail) -> None:
        composed(mail, sender=SENDER, now=self._clock())
        if mail.to in self.refused:
            raise InvalidInputError("address")
        self.sent.append(mail)

    async def ping(self) -> None:
        """Always answers."""

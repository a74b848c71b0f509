"""Upload records: what is stored of an upload between its requests."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId
from shared.domain.ports import Body
from shared.domain.threads import Sealed
from shared.domain.upload_rule import Progress, UploadedPart, UploadState

_PART = re.compile(r"([0-9a-f-]{1,64}):([1-9][0-9]{0,7})")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRight:
    """What makes a token good for one upload: its hash, the hash of the session's token, and the end of the right."""

    token_hash: str = field(repr=False)
    session: str = field(repr=False)
    until: datetime

    def body(self) -> Body:
        return {"token_hash": self.token_hash, "session": self.session, "until": instant_text(self.until)}

    @classmethod
    def of(cls, fields: Fields) -> "UploadRight":
        """Raises ``IntegrityError``."""
        return cls(token_hash=fields.text("token_hash"), session=fields.text("session"), until=fields.instant("until"))


Granting: TypeAlias = Callable[[], Awaitable[UploadRight]]
"""Asked for a right when it is certain that the upload may begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as stored. ``owner`` is the reader key of whoever began it; only they may go on."""

    upload: UploadId
    organisation: OrganisationId
    thread: ThreadId
    message: MessageId
    file: FileId
    owner: str = field(repr=False)
    name: Sealed = field(repr=False)
    media_type: Sealed = field(repr=False)
    progress: Progress
    created_at: datetime
    right: UploadRight | None = None

    @property
    def blob(self) -> str:
        """Name of the blob that the parts go into."""
        return places.blob(self.organisation, self.thread, self.message, self.file)

    def with_progress(self, progress: Progress) -> "Upload":
        return replace(self, progress=progress)

    def body(self) -> Body:
        return {
            "upload": self.upload,
            "organisation": self.organisation,
            "thread": self.thread,
            "message": self.message,
            "file": self.file,
            "owner": self.owner,
            "name": self.name,
            "media_type": self.media_type,
            "state": self.progress.state.value,
            "length": self.progress.length,
            "limit": self.progress.limit,
            "parts": [f"{part.block}:{part.length}" for part in self.progress.parts],
            "created_at": instant_text(self.created_at),
            "expires_at": instant_text(self.progress.expires_at),
            "right": None if self.right is None else self.right.body(),
        }

    @classmethod
    def of(cls, body: Body) -> "Upload":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        state = fields.text("state")
        if state not in set(UploadState):
            raise IntegrityError
        right = fields.optional_nested("right")
        length = None if body.get("length") is None else fields.whole("length")
        progress = Progress(
            state=UploadState(state),
            length=length,
            limit=fields.whole("limit") if "limit" in body or length is None else length,
            parts=_parts(fields.texts("parts")),
            expires_at=fields.instant("expires_at"),
        )
        if _contradicts_itself(progress):
            raise IntegrityError
        return cls(
            upload=UploadId(fields.text("upload")),
            organisation=OrganisationId(fields.text("organisation")),
            thread=ThreadId(fields.text("thread")),
            message=MessageId(fields.text("message")),
            file=FileId(fields.text("file")),
            owner=fields.text("owner"),
            name=Sealed(fields.text("name")),
            media_type=Sealed(fields.text("media_type")),
            progress=progress,
            created_at=fields.instant("created_at"),
            right=None if right is None else UploadRight.of(right),
        )


def _contradicts_itself(progress: Progress) -> bool:
    if progress.offset > progress.bound or (progress.length is None) != (progress.state is UploadState.DEFERRED):
        return True
    return progress.is_whole != (progress.offset == progress.length)


def _parts(texts: Sequence[str]) -> tuple[UploadedPart, ...]:
    found = [_PART.fullmatch(text) for text in texts]
    parts = tuple(UploadedPart(block=match[1], length=int(match[2])) for match in found if match is not None)
    if len(parts) != len(found):
        raise IntegrityError
    return parts

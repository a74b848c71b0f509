"""What is left of a message or a file that a request took away: all ids that the jobs need to erase the rest.

As a booking it is found by the sweep, as a queue message it is found at once; both hold ids and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain import places
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId
from shared.domain.places import Place
from shared.domain.threads import StoredFile
from shared.services.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnding:
    """A message that is being erased."""

    thread: ThreadId
    message: MessageId

    @property
    def booking(self) -> str:
        return f"message|{self.thread}|{self.message}"

    @property
    def ids(self) -> Mapping[str, str]:
        return {"erase": "message", "thread": self.thread, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnding:
    """A file that ends before its message does: its records and its blob are found, whichever of them are left."""

    organisation: OrganisationId
    thread: ThreadId
    message: MessageId
    file: FileId
    upload: UploadId

    @classmethod
    def of(cls, file: Upload | StoredFile) -> "FileEnding":
        return cls(
            organisation=file.organisation,
            thread=file.thread,
            message=file.message,
            file=file.file,
            upload=UploadId(file.upload),
        )

    @classmethod
    def booked(cls, ids: str) -> "FileEnding":
        """From what follows the kind in a booking. Raises ``IntegrityError``."""
        match ids.split("|"):
            case [thread, message, file, organisation, upload]:
                return cls(
                    organisation=OrganisationId(organisation),
                    thread=ThreadId(thread),
                    message=MessageId(message),
                    file=FileId(file),
                    upload=UploadId(upload),
                )
            case _:
                raise IntegrityError

    @property
    def place(self) -> Place:
        return places.file(self.thread, self.message, self.file)

    @property
    def blob(self) -> str:
        return places.blob(self.organisation, self.thread, self.message, self.file)

    @property
    def booking(self) -> str:
        return f"file|{self.thread}|{self.message}|{self.file}|{self.organisation}|{self.upload}"

    @property
    def ids(self) -> Mapping[str, str]:
        return {
            "erase": "file",
            "organisation": self.organisation,
            "thread": self.thread,
            "message": self.message,
            "file": self.file,
            "upload": self.upload,
        }


Ending = MessageEnding | FileEnding

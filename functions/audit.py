"""An organisation's log, as its admins and auditors read it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from functions.dependencies import LogReader, Services
from functions.models import Continuation

if TYPE_CHECKING:
    from shared.services.audit_reading import LogPage

router = APIRouter(prefix="/api/v1", tags=["audit"])


def _month(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)


Month = Annotated[
    str,
    Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="Of UTC.", examples=["2026-01"]),
]


class EventView(BaseModel):
    """An event. What it is about is named by ids, and never shown."""

    event: Annotated[str, Field(description="One of the documented kinds.", examples=["message:open"])]
    at: datetime
    by: Annotated[str, Field(description="A staff id, `system`, or what a person is called in this log alone.")]
    by_name: Annotated[str | None, Field(description="Of a member of staff who is known still.")]
    ids: dict[str, str]


class EventList(BaseModel):
    """A run of events, oldest first. ``continuation`` asks for the next run; null at the end."""

    events: list[EventView]
    continuation: str | None

    @classmethod
    def of(cls, page: "LogPage") -> "EventList":
        events = [EventView(event=e.event, at=e.at, by=e.by, by_name=e.by_name, ids=dict(e.ids)) for e in page.events]
        return cls(events=events, continuation=page.continuation)


@router.get("/audit")
async def read_log(
    services: Services, principal: LogReader, month: Month, continuation: Continuation = None
) -> EventList:
    """What happened in one's own organisation in a month. To have read it stands in the log as well."""
    return EventList.of(await services.audit_reading.page(principal, _month(month), continuation=continuation))

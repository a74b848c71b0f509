"""Deleting a record whatever state it is in: the end that retention, sign-out and cancellation share."""

from shared.domain.errors import RecordChangedError, RecordNotFoundError
from shared.domain.places import Place
from shared.domain.ports import Records


async def delete(records: Records, place: Place) -> None:
    """Afterwards there is no record at ``place``. No error if there was none."""
    while True:
        try:
            await records.delete_if_match(await records.get(place.partition, place.id))
        except RecordNotFoundError:
            return
        except RecordChangedError:
            continue  # Somebody wrote in between: read again.
        return

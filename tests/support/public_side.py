"""The app that answers people, with the rights that its identity has: content is read and written, never deleted."""

from functools import cached_property

from shared.domain.errors import DependencyError
from shared.domain.ports import Blobs, Keys
from tests.support.scene import Instance
from tests.support.taps import Call, TappedBlobs, TappedKeys


class WriterOfContent(TappedBlobs):
    """Content as the role *content writer* lets one at it: the store refuses to delete."""

    async def delete(self, blob: str) -> None:
        async def refuse() -> None:
            raise DependencyError

        await self._tap.through(Call("blobs.delete", blob), refuse)


class UserOfKeys(TappedKeys):
    """Keys as the role of Key Vault lets one at them that only wraps and unwraps."""

    async def destroy(self, name: str) -> None:
        async def refuse() -> None:
            raise DependencyError

        await self._tap.through(Call("keys.destroy", name), refuse)


class PublicSide(Instance):
    """An instance of the application that may delete neither content nor keys. ``tap`` sees what it tried."""

    @cached_property
    def blobs(self) -> Blobs:
        return WriterOfContent(self._first.blobs, self._tap)

    @cached_property
    def journal_blobs(self) -> Blobs:
        return WriterOfContent(self._first.journal_blobs, self._tap)

    @cached_property
    def keys(self) -> Keys:
        return UserOfKeys(self._first.keys, self._tap)

    @property
    def refused(self) -> list[str]:
        """What it wanted to delete."""
        return [call.at for name in ("blobs.delete", "keys.destroy") for call in self._tap.called(name)]

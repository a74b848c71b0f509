"""What a package may weigh, and how long an instance may take with it until it knows its functions."""

from typing import Final

MIB: Final = 1024 * 1024

PACKED_MIB: Final = 32.0
"""Every new instance fetches it before it can answer."""
UNPACKED_MIB: Final = 96.0
INDEX_VS_HELLO: Final = 3.0
"""Times an app that says hello (ADR 0010)."""
INDEX_SECONDS: Final = 10.0
"""Whatever the machine: the platform gives up after 30 s (Flex Consumption, app initialisation)."""


class BudgetError(Exception):
    """The package outgrew its budget; the text says by how much."""


def check_size(*, packed_bytes: int, unpacked_bytes: int) -> None:
    """Raises ``BudgetError``."""
    for name, size, most in (("packed", packed_bytes, PACKED_MIB), ("unpacked", unpacked_bytes, UNPACKED_MIB)):
        if size > most * MIB:
            raise BudgetError(f"the package has {size / MIB:.1f} MiB {name}; its budget is {most:.0f} MiB")

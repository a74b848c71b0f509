"""A folder as a ZIP that depends on nothing but names and contents: the same files are the same bytes.

Order, times, owners and modes of the disk are left out. Links are refused: what they lead to is not in the folder.
"""

import zipfile
from pathlib import Path
from typing import Final

TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that the format knows."""
MODE: Final = 0o100644
"""A plain file that everybody may read and nobody runs."""
LEVEL: Final = 9

_UNIX: Final = 3


class LinkFaultError(Exception):
    """The folder holds what is neither a file nor a folder."""


def archive(folder: Path, target: Path) -> None:
    """Write every file under ``folder`` into ``target``.

    Raises:
        LinkFaultError: There is a link, or something else that is not a file.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as packed:
        for name, path in sorted(paths.items()):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise LinkFaultError(f"{name} is not a plain file")
            if path.is_file():
                entry = zipfile.ZipInfo(name, date_time=TIME)
                entry.create_system = _UNIX
                entry.external_attr = MODE << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes(), compresslevel=LEVEL)

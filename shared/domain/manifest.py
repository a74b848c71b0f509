"""The manifest: what a stored file is made of, in which order, and where it ends.

It is the authority on all of that. Whatever storage says of order, count or length of the parts is checked
against it and never taken from there (``docs/file-format.md`` section 7).
"""

from dataclasses import dataclass, field

from shared.domain import texts

PART_BYTES = 8 * 1024 * 1024
"""Most plaintext in one part: what is held in memory at once, and one block of the store."""

MAX_PARTS = 20_000
"""Most parts of one file: their list has to fit in the record of its upload, and a block blob takes 50,000 blocks."""

SHA256_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``part_lengths`` and ``total_length`` are bytes of plaintext; ``sha256`` is the digest of the whole plaintext.

    A part holds 1 to ``PART_BYTES`` bytes; the empty file has no parts. Name and media type have the form that
    ``shared.domain.texts`` gives them. Raises ``InvalidInputError`` (``file-name``, ``media-type``) for a text of
    another form and ``ValueError`` when the numbers contradict each other.
    """

    name: str = field(repr=False)
    media_type: str
    part_lengths: tuple[int, ...]
    total_length: int
    sha256: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if texts.file_name(self.name) != self.name or texts.media_type(self.media_type) != self.media_type:
            raise ValueError("name or media type not in its normal form")
        if len(self.part_lengths) > MAX_PARTS or any(not 1 <= n <= PART_BYTES for n in self.part_lengths):
            raise ValueError("number or length of parts")
        if sum(self.part_lengths) != self.total_length or len(self.sha256) != SHA256_BYTES:
            raise ValueError("total length or digest")

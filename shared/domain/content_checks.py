"""What was found out about a file's content before it was stored, and what an organisation does not take.

Findings are warnings to both sides. An organisation may name those that it refuses; malware is refused always.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.bodies import Fields
from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.ports import Body


class Finding(StrEnum):
    """The closed list. Nothing is proven harmless by an absent finding: these are the coarse tricks."""

    TYPE_DIFFERS = "type-differs"
    """The content is of another type than its name or its declared type says, or of two types at once."""
    EXECUTABLE = "executable"
    """A program or script, or an archive with one."""
    MACROS = "macros"
    """A document with macros."""
    ARCHIVE_NAMES = "archive-names"
    """An archive whose names lead out of its folder, or look like others."""
    ARCHIVE_UNREAD = "archive-unread"
    """An archive that was not looked into: of another kind than ZIP, damaged, or with too long a directory."""
    DOUBLE_EXTENSION = "double-extension"
    """A program whose name looks like that of a document."""
    PASSWORD_PROTECTED = "password-protected"  # noqa: S105 - a word for people
    """Encrypted, so that nobody on the way can look into it."""


class Scan(StrEnum):
    """How the search for malware ended. All words but ``clean`` and ``found`` say why the file was not scanned."""

    CLEAN = "clean"
    FOUND = "found"
    OFF = "off"
    """No scanner is set up, or was none when the file was stored."""
    TOO_LARGE = "too-large"
    """Larger than the scanner takes."""
    UNREACHABLE = "unreachable"
    """No answer in time, a broken connection, or an error of the scanner."""


MALWARE: Final = "content-malware"
NOT_SCANNED: Final = "content-not-scanned"


def rule_of(finding: Finding) -> str:
    """The word in the problem that tells of a refusal."""
    return f"content-{finding.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChecks:
    """What is kept with a stored file, sealed like its name: a finding tells something of the content."""

    findings: tuple[Finding, ...]
    scan: Scan

    def text(self) -> str:
        return json.dumps({"findings": [*self.findings], "scan": self.scan}, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> "ContentChecks":
        """Raises ``IntegrityError``."""
        try:
            fields = Fields(json.loads(text))
            findings = tuple(Finding(word) for word in fields.texts("findings"))
            return cls(findings=findings, scan=Scan(fields.text("scan")))
        except (ValueError, AttributeError):
            raise IntegrityError from None


UNCHECKED: Final = ContentChecks(findings=(), scan=Scan.OFF)
"""Of files that were stored before there were checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPolicy:
    """What an organisation refuses. Everything else is a warning."""

    refused: frozenset[Finding] = frozenset()

    def refusals(self, checks: ContentChecks) -> tuple[str, ...]:
        """The rules by which the file is refused; none when it is taken."""
        malware = (MALWARE,) if checks.scan is Scan.FOUND else ()
        return malware + tuple(rule_of(finding) for finding in checks.findings if finding in self.refused)

    def body(self) -> Body:
        return {"refused": sorted(self.refused)}

    @classmethod
    def of(cls, body: Body) -> "ContentPolicy":
        """Raises ``IntegrityError``."""
        try:
            return cls(refused=frozenset(Finding(word) for word in Fields(body).texts("refused")))
        except ValueError:
            raise IntegrityError from None


def parse_findings(words: str) -> frozenset[Finding]:
    """Findings with commas between them; none in an empty text. Raises ``InvalidInputError`` (``finding``)."""
    try:
        return frozenset(Finding(word.strip()) for word in words.split(",") if word.strip())
    except ValueError as fault:
        raise InvalidInputError("finding") from fault

"""Rules for a Dockerfile, after hadolint's of the same numbers where it has them; each returns what it finds wrong."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

KNOWN: Final = frozenset(
    [
        "FROM",
        "RUN",
        "CMD",
        "LABEL",
        "EXPOSE",
        "ENV",
        "ADD",
        "COPY",
        "ENTRYPOINT",
        "VOLUME",
        "USER",
        "WORKDIR",
        "ARG",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "SHELL",
        "ONBUILD",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One, with its continued lines joined."""

    name: str
    text: str


def parse(text: str) -> list[Instruction]:
    """In the order of the file; comments are left out, also within an instruction."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\s*\n\s*", " ", "\n".join(lines) + "\n")
    found = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [Instruction(name=name, text=rest.strip()) for name, _, rest in found]


def _of(found: list[Instruction], *names: str) -> list[str]:
    return [each.text for each in found if each.name.upper() in names]


def _unknown(found: list[Instruction]) -> list[str]:
    return [each.name for each in found if each.name not in KNOWN]


def _base(found: list[Instruction]) -> list[str]:
    return [
        image
        for image in _of(found, "FROM")
        if not re.fullmatch(r"mcr\.microsoft\.com/azure-functions/python:4-python3\.13(@sha256:[0-9a-f]{64})?", image)
    ]


def _untagged(found: list[Instruction]) -> list[str]:
    images = [text.split()[0] for text in _of(found, "FROM")]
    return [image for image in images if not re.search(r":[^/]+$", image) or re.search(r":latest(@|$)", image)]


def _last_user(found: list[Instruction]) -> list[str]:
    users = _of(found, "USER")
    if not users:
        return ["there is no USER"]
    return [] if re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", users[-1]) else [users[-1]]


def _adds(found: list[Instruction]) -> list[str]:
    return _of(found, "ADD")


def _copies(found: list[Instruction]) -> list[str]:
    allowed = "--chown=root:root build/package /home/site/wwwroot"
    return [text for text in _of(found, "COPY") if text != allowed]


def _shell(found: list[Instruction]) -> list[str]:
    """Instructions that a shell would read; CMD within HEALTHCHECK counts."""
    texts = _of(found, "RUN", "CMD", "ENTRYPOINT")
    texts += [text.partition("CMD ")[2] for text in _of(found, "HEALTHCHECK")]
    return [text for text in texts if not _is_list(text)]


def _is_list(text: str) -> bool:
    try:
        parsed = json.loads(text)
    except ValueError:
        return False
    return isinstance(parsed, list) and all(isinstance(each, str) for each in parsed)


def _fetches(found: list[Instruction]) -> list[str]:
    words = re.compile(r"\b(curl|wget|apt|apt-get|apk|pip|pip3|npm|git|sudo|su)\b")
    return [text for text in _of(found, "RUN") if words.search(text)]


def _secrets(found: list[Instruction]) -> list[str]:
    words = re.compile(r"(?i)(password|secret|pepper|token|_key\b|accountkey|connectionstring|PIC_)")
    return [text for text in _of(found, "ENV", "ARG", "LABEL") if words.search(text)]


def _ports(found: list[Instruction]) -> list[str]:
    ports = " ".join(_of(found, "EXPOSE")).split()
    low = [port for port in ports if not port.isdecimal() or int(port) < 1024]
    return low or ([] if ports else ["no port is exposed"])


def _health(found: list[Instruction]) -> list[str]:
    checks = _of(found, "HEALTHCHECK")
    return [] if len(checks) == 1 and "/health" in checks[0] else ["no HEALTHCHECK, or several"]


def _debugging(found: list[Instruction]) -> list[str]:
    words = re.compile(r"(?i)(AZURE_FUNCTIONS_ENVIRONMENT=Dev|FUNCTIONS_SECRETS_PATH|DEBUG|IsEnabled=false)")
    return [text for text in _of(found, "ENV") if words.search(text)]


def _writable(found: list[Instruction]) -> list[str]:
    texts = _of(found, "RUN")
    is_closed = any('"chmod", "-R", "a=rX", "/home/site/wwwroot"' in text for text in texts)
    opened = [text for text in texts if re.search(r"777|\+w|chown", text)]
    return opened + ([] if is_closed else ["the app may be written to"])


def _volumes(found: list[Instruction]) -> list[str]:
    return _of(found, "VOLUME", "ONBUILD", "SHELL")


RULES: Final[Mapping[str, Callable[[list[Instruction]], list[str]]]] = {
    "only known instructions, in capitals (DL4000: no MAINTAINER)": _unknown,
    "the public base image of the deployed Python": _base,
    "a tag, and not latest (DL3006, DL3007)": _untagged,
    "the last user is a number and not root (DL3002)": _last_user,
    "nothing is added from an address or an archive (DL3020)": _adds,
    "the package is copied, and nothing else": _copies,
    "no shell reads what is run (DL3025)": _shell,
    "nothing is fetched or installed while it is built (DL3004, DL3008, DL3013, DL4006)": _fetches,
    "no secret and no setting in the image": _secrets,
    "a port that anybody may bind (DL3011)": _ports,
    "one health check (DL3012)": _health,
    "nothing for debugging": _debugging,
    "the app cannot change itself": _writable,
    "no volume, no trigger, no other shell": _volumes,
}

"""A strict reader of ``multipart/byteranges`` (RFC 9110 section 14.6, RFC 2046 section 5.1.1): no second guess."""

import re

_TYPE = re.compile(r"multipart/byteranges; boundary=(?P<boundary>[0-9a-f]{32})")
_HEAD = re.compile(rb"Content-Type: (?P<type>[^\r\n]+)\r\nContent-Range: bytes (\d+)-(\d+)/(\d+)\r\n\r\n")


def parts_of(content_type: str, body: bytes) -> list[tuple[int, bytes]]:
    """Where each part begins in the file, and its bytes. Raises ``ValueError`` for any other form."""
    found = _TYPE.fullmatch(content_type)
    if found is None:
        raise ValueError(content_type)
    line = b"--" + found["boundary"].encode()
    if not body.startswith(line + b"\r\n") or not body.endswith(b"\r\n" + line + b"--\r\n"):
        raise ValueError("no boundary at the beginning or the end")
    inner = body[len(line) + 2 : -len(line) - 6]
    parts = []
    for part in inner.split(b"\r\n" + line + b"\r\n"):
        head = _HEAD.match(part)
        if head is None:
            raise ValueError("a part without its headers")
        content, start, last = part[head.end() :], int(head[2]), int(head[3])
        if len(content) != last - start + 1:
            raise ValueError("a part of another length")
        parts.append((start, content))
    return parts

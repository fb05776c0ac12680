"""A request as bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["SAFE_METHODS", "chunk", "header_lines", "request_line"]

# By these nothing is done: asked again they do no harm.
SAFE_METHODS = {"GET", "HEAD"}

# Whatever could end a header, or the line of the request.
_NOT_IN_HEADERS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_IN_TARGETS = re.compile("[!-~]+")


def request_line(method: str, target: str) -> bytes:
    """Raises:
    ValueError: HTTP has no such target.
    """
    if not _IN_TARGETS.fullmatch(target):
        raise ValueError("the path has a character that has to be percent-encoded")
    return f"{method} {target} HTTP/1.1\r\n".encode()


def header_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Their values are never repeated: they may be secret.

    Raises:
        ValueError: HTTP has no such header.
    """
    lines = []
    for name, value in headers:
        if _NOT_IN_HEADERS.search(value):
            raise ValueError(f"the header {name} has a character that no header may have")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()


def chunk(data: bytes) -> bytes:
    """A piece of a body whose length nobody knows. An empty one is its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)

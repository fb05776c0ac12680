"""Responses as bytes, for the hot path. Elsewhere aiohttp writes them."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from kelpie.env import Env

__all__ = ["DateHeader", "response_head"]

_HEADS_KEPT_MAX = 256
_NANOSECONDS = 1_000_000_000


class DateHeader:
    """The `Date` of responses, made once a second."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._second = -1
        self._text = b""

    def now(self) -> bytes:
        second = self._env.wall_ns() // _NANOSECONDS
        if second != self._second:
            self._second = second
            self._text = formatdate(second, usegmt=True).encode()
        return self._text


def response_head(
    status: int, content_type: str, size: int, date: bytes, headers: Mapping[str, str]
) -> bytes:
    """Status line and headers of a response on a connection that stays open.

    Names and values of `headers` are the host's own, or were checked to be
    visible ASCII: none can end its line.
    """
    lines = b"%bDate: %b\r\nContent-Length: %d\r\n" % (
        _fixed_lines(status, content_type),
        date,
        size,
    )
    for name, value in headers.items():
        lines += f"{name}: {value}\r\n".encode("ascii")
    return lines + b"\r\n"


@lru_cache(_HEADS_KEPT_MAX)
def _fixed_lines(status: int, content_type: str) -> bytes:
    reason = HTTPStatus(status).phrase
    return (
        f"HTTP/1.1 {status} {reason}\r\nServer: kelpie\r\nContent-Type: {content_type}\r\n"
    ).encode("ascii")

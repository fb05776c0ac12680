"""What a host answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kelpie.api.http_client.connection import Connection
from kelpie.api.http_client.failures import AnswerTooLong

__all__ = ["Answer"]

_UNTYPED = "application/octet-stream"
_OK = range(200, 300)


class Answer:
    """Its head, and its body for whoever reads it."""

    def __init__(self, connection: Connection, bytes_max: int) -> None:
        """`bytes_max` is for what is read of it at once."""
        self._connection = connection
        self._bytes_max = bytes_max
        self.status = connection.answer.status
        self.headers = connection.answer.headers
        """By their names in lower case."""

    @property
    def is_ok(self) -> bool:
        return self.status in _OK

    @property
    def content_type(self) -> str:
        """Without its parameters."""
        told = self.headers.get("content-type", _UNTYPED)
        return told.partition(";")[0].strip().lower()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            AnswerLost, NotHttp, Silent
            Exception: what the iterable of the request's body has raised.
        """
        while piece := await self._connection.next_piece():
            yield piece

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines of the body as they come, without their ends; what stands behind
        the last end is none. Raises: as `read`."""
        begun: list[bytes] = []
        size = 0
        async for piece in self.pieces():
            *ended, rest = piece.split(b"\n")
            for end in ended:
                yield b"".join([*begun, end])
                begun, size = [], 0
            begun.append(rest)
            size += len(rest)
            self._check(size)

    async def read(self) -> bytes:
        """All of it.

        Raises:
            AnswerTooLong
            Exception: as `pieces`.
        """
        connection = self._connection
        piece = await connection.next_piece()
        if connection.answer.is_whole and not connection.answer.unread_bytes:
            return piece
        begun, size = [piece], len(piece)
        async for piece in self.pieces():
            begun.append(piece)
            size += len(piece)
            self._check(size)
        return b"".join(begun)

    def _check(self, size: int) -> None:
        if size > self._bytes_max:
            raise AnswerTooLong

"""What a host answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kelpie.api.http_client.connection import Connection

__all__ = ["Answer"]

_UNTYPED = "application/octet-stream"
_OK = range(200, 300)


class Answer:
    """Its head, and its body for whoever reads it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
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
            AnswerLost, NotHttp
            Exception: what the iterable of the request's body has raised.
        """
        while piece := await self._connection.next_piece():
            yield piece

    async def read(self) -> bytes:
        """All of it. Raises: as `pieces`."""
        connection = self._connection
        piece = await connection.next_piece()
        if connection.answer.is_whole and not connection.answer.unread_bytes:
            return piece
        return b"".join([piece, *[each async for each in self.pieces()]])

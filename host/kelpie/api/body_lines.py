"""A body, line by line, as it arrives."""

from __future__ import annotations

from aiohttp import StreamReader

from kelpie.errors import PayloadTooLarge

__all__ = ["BodyLines"]


class BodyLines:
    """Holds one line, and what arrived with its end."""

    def __init__(self, content: StreamReader, line_bytes_max: int) -> None:
        self._content = content
        self._bytes_max = line_bytes_max
        self._waiting = bytearray()
        self._searched = 0
        self._skipping = False

    async def next(self) -> bytes | None:
        """The next line, without its end; None behind the last one.

        Raises:
            PayloadTooLarge: it was too long, and was skipped: ask for the next.
            web.RequestPayloadError, ConnectionError: the client went away.
        """
        while True:
            end = self._waiting.find(b"\n", self._searched)
            if end >= 0:
                return self._take(end, end + 1)
            if len(self._waiting) > self._bytes_max:
                self._skipping = True
                self._waiting.clear()
            self._searched = len(self._waiting)
            piece = await self._content.readany()
            if not piece:
                if not self._waiting and not self._skipping:
                    return None
                return self._take(len(self._waiting), len(self._waiting))
            self._waiting += piece

    def _take(self, end: int, next_begin: int) -> bytes:
        line = bytes(self._waiting[:end])
        del self._waiting[:next_begin]
        self._searched = 0
        skipped, self._skipping = self._skipping, False
        if skipped or len(line) > self._bytes_max:
            raise PayloadTooLarge(
                f"the line has more than {self._bytes_max} bytes (turn_line_bytes_max)",
                limit="turn_line_bytes_max",
            )
        return line

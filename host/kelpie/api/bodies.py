"""Reading bodies: at most so many bytes, in so much time, and so many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import HttpVersion11, StreamReader, web

from kelpie.api.door import CALLER
from kelpie.env import Env
from kelpie.errors import CallerError, InvalidRequest, Overloaded, RequestTimeout
from kelpie.limits import Limits

__all__ = ["Bodies", "body_refused", "let_continue"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Bodies:
    """All bodies of one sort that are arriving at this host."""

    def __init__(self, env: Env, limits: Limits) -> None:
        self._env = env
        self._limits = limits
        self._arriving_bytes = 0

    @asynccontextmanager
    async def arriving(
        self,
        request: web.BaseRequest,
        bytes_max: int,
        time_ms_max: int,
        too_large: type[CallerError],
    ) -> AsyncIterator[bytes]:
        """The request's body. Until the block ends it counts among those that arrive.

        A body that is declared too large is refused before any of it is read. The
        caller's token may allow less than `bytes_max`.

        Raises:
            too_large: it has more than `bytes_max` bytes.
            RequestTimeout: it took more than `time_ms_max`.
            Overloaded: too much is arriving at once.
            InvalidRequest: it is malformed, or its client went away.
        """
        most = request[CALLER].body_bytes_max
        bytes_max = bytes_max if most is None else min(bytes_max, most)
        declared = request.content_length
        if declared is not None and declared > bytes_max:
            raise body_refused(too_large, bytes_max, declared)
        await let_continue(request)
        pieces: list[bytes] = []
        try:
            read = self._read(request.content, pieces, bytes_max, too_large)
            try:
                await self._env.within(time_ms_max, read)
            except TimeoutError:
                raise RequestTimeout(f"the body was not complete after {time_ms_max} ms") from None
            yield b"".join(pieces)
        finally:
            self._arriving_bytes -= sum(map(len, pieces))

    async def _read(
        self,
        content: StreamReader,
        pieces: list[bytes],
        bytes_max: int,
        too_large: type[CallerError],
    ) -> None:
        size = 0
        while True:
            try:
                piece = await content.readany()
            except (web.RequestPayloadError, ConnectionError) as error:
                raise InvalidRequest(f"the body could not be read: {error}") from None
            if not piece:
                return
            size += len(piece)
            if size > bytes_max:
                raise body_refused(too_large, bytes_max, size)
            if self._arriving_bytes + len(piece) > self._limits.http_arriving_bytes_max:
                raise Overloaded("too many bodies are arriving at once: ask again later")
            self._arriving_bytes += len(piece)
            pieces.append(piece)


def body_refused(too_large: type[CallerError], bytes_max: int, size: int) -> CallerError:
    """The error that says so."""
    return too_large(f"the body has {size} bytes or more; at most {bytes_max} are allowed")


async def let_continue(request: web.BaseRequest) -> None:
    """Sends the go-ahead that a client with a large body waits for."""
    expected = request.headers.get("Expect")
    if expected is None or request.version < HttpVersion11:
        return
    if expected.lower() != "100-continue":
        raise InvalidRequest("the only Expect that is understood is 100-continue")
    await request.writer.write(_CONTINUE)
    # The response proper is still to come: nothing of it was sent.
    request.writer.output_size = 0

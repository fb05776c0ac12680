"""Reading bodies: at most so many bytes, in so much time, and so many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import HttpVersion11, StreamReader, web

from kelpie.access.caller import Caller
from kelpie.api.door import CALLER
from kelpie.env import Env
from kelpie.errors import CallerError, ExpectationFailed, InvalidRequest, Overloaded, RequestTimeout
from kelpie.limits import Limits

__all__ = ["Bodies", "body_refused", "let_continue"]

_RETRY_AFTER_MS = 1_000
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Bodies:
    """All bodies of one sort that are arriving at this host."""

    def __init__(self, env: Env, limits: Limits, *, of_principal_max: int | None = None) -> None:
        """Of a token as many as `of_principal_max` at once, if that is given."""
        self._env = env
        self._limits = limits
        self._of_principal_max = of_principal_max
        self._arriving_bytes = 0
        self._shares: dict[str, _Share] = {}
        """Of those who have a token."""

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
            Overloaded: too much is arriving at once, of all or with this token.
            InvalidRequest: it is malformed, or its client went away.
        """
        caller = request[CALLER]
        most = caller.body_bytes_max
        bytes_max = bytes_max if most is None else min(bytes_max, most)
        declared = request.content_length
        if declared is not None and declared > bytes_max:
            raise body_refused(too_large, bytes_max, declared)
        share = self._shares.setdefault(caller.principal, _Share())
        if caller.token is not None and share.bodies == self._of_principal_max:
            raise Overloaded(
                f"{share.bodies} uploads with the token {caller.principal!r} are under way "
                "(http_uploads_of_principal_max): ask again when one is done",
                retry_after_ms=_RETRY_AFTER_MS,
            )
        share.bodies += 1
        body = _Body(caller, share)
        try:
            await let_continue(request)
            read = self._read(request.content, body, bytes_max, too_large)
            try:
                await self._env.within(time_ms_max, read)
            except TimeoutError:
                raise RequestTimeout(f"the body was not complete after {time_ms_max} ms") from None
            yield body.take()
        finally:
            self._arriving_bytes -= body.size
            share.bytes -= body.size
            share.bodies -= 1
            if not share.bodies:
                del self._shares[caller.principal]

    async def _read(
        self,
        content: StreamReader,
        body: _Body,
        bytes_max: int,
        too_large: type[CallerError],
    ) -> None:
        while True:
            try:
                piece = await content.readany()
            except (web.RequestPayloadError, ConnectionError) as error:
                raise InvalidRequest(f"the body could not be read: {error}") from None
            if not piece:
                return
            size = len(piece)
            if body.size + size > bytes_max:
                raise body_refused(too_large, bytes_max, body.size + size)
            self._check_room(body, size)
            self._arriving_bytes += size
            body.add(piece)

    def _check_room(self, body: _Body, size: int) -> None:
        """Raises:
        Overloaded: there is none for so many bytes more.
        """
        limits = self._limits
        if self._arriving_bytes + size > limits.http_arriving_bytes_max:
            raise Overloaded(
                "too many bodies are arriving at once (http_arriving_bytes_max): ask again later",
                retry_after_ms=_RETRY_AFTER_MS,
            )
        most = limits.http_arriving_of_principal_bytes_max
        if body.caller.token is not None and body.share.bytes + size > most:
            raise Overloaded(
                f"too many bodies with the token {body.caller.principal!r} are arriving at once "
                "(http_arriving_of_principal_bytes_max): ask again later",
                retry_after_ms=_RETRY_AFTER_MS,
            )


class _Share:
    """What is arriving of one principal."""

    __slots__ = ("bodies", "bytes")

    def __init__(self) -> None:
        self.bodies = 0
        self.bytes = 0


class _Body:
    """What has arrived of one body: in one piece, so that the memory of a large one is
    not in thousands of places, and goes back as a whole."""

    __slots__ = ("_content", "caller", "share", "size")

    def __init__(self, caller: Caller, share: _Share) -> None:
        self.caller = caller
        self.share = share
        self.size = 0
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        self._content += piece
        self.size += len(piece)
        self.share.bytes += len(piece)

    def take(self) -> bytes:
        """All of it; nothing is held here any more. It counts on."""
        whole = bytes(self._content)
        self._content = bytearray()
        return whole


def body_refused(too_large: type[CallerError], bytes_max: int, size: int) -> CallerError:
    """The error that says so."""
    return too_large(f"the body has {size} bytes or more; at most {bytes_max} are allowed")


async def let_continue(request: web.BaseRequest) -> None:
    """Sends the go-ahead that a client with a large body waits for.

    Raises:
        ExpectationFailed: it expects something else.
    """
    expected = request.headers.get("Expect")
    if expected is None or request.version < HttpVersion11:
        return
    if expected.lower() != "100-continue":
        raise ExpectationFailed("the only Expect that is understood is 100-continue")
    await request.writer.write(_CONTINUE)
    # The response proper is still to come: nothing of it was sent.
    request.writer.output_size = 0

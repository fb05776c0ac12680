"""A connection to a host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import cast

from kelpie.api.http_client.arriving import ArrivingAnswer
from kelpie.api.http_client.failures import AnswerLost, NoAnswer, NotHttp, NotSent, Silent
from kelpie.api.http_client.request import SAFE_METHODS, chunk
from kelpie.env.connecting import has_news
from kelpie.env.program import Surroundings
from kelpie.limits import Limits

__all__ = ["Connection"]

_REFUSED = 300
_UNLOOKED_BYTES_MAX = 64 * 1024


class Connection(asyncio.Protocol):
    """Asks one request at a time, and belongs to whoever does, until `finish`. What
    nobody reads of an answer is, beyond a bound, held back by the system."""

    def __init__(self, env: Surroundings, limits: Limits) -> None:
        self._env = env
        self._unread_bytes_max = limits.client_unread_bytes_max
        self._limits = limits
        self._silence_ms_max: float | None = None
        self._written_bytes = 0
        self._transport: asyncio.Transport | None = None
        self.answer = ArrivingAnswer(limits.client_head_bytes_max)
        self._is_asked = False
        self._is_sent = False
        """Whether all of the request is."""
        self._sender: asyncio.Task[None] | None = None
        self._is_reading = True
        self._arrived: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None
        self.closed: asyncio.Future[None] = env.future()
        self.is_reused = False
        self.idle_since_ns = 0

    @property
    def is_usable(self) -> bool:
        """Whether another request may be asked on it, as far as is known here."""
        return self._is_open and not has_news(cast("asyncio.Transport", self._transport))

    async def ask(
        self,
        method: str,
        head: bytes,
        body: bytes | AsyncIterable[bytes],
        *,
        chunked: bool,
        is_timed: bool,
    ) -> None:
        """Returns when the head of the answer is there. A body in pieces is sent while
        the answer is read. If it `is_timed`, whoever asks gives it up himself.

        Raises:
            NotSent: the host had closed the connection before.
            AnswerLost, NotHttp, Silent
            Exception: what the iterable of the body has raised.
        """
        if not self._is_open and not self.answer.has_begun:
            raise NotSent
        self._is_asked = True
        self._silence_ms_max = None if is_timed else self._patience_ms(method)
        self.answer.expect(method)
        if isinstance(body, bytes):
            self._write(head + body)
            self._is_sent = True
        else:
            self._write(head)
            self._sender = self._env.spawn(self._send(body, chunked), "the body of a request")
            self._sender.add_done_callback(self._has_sent)
        while not self.answer.has_head:
            await self._more()
        if self.answer.status >= _REFUSED:
            # Who refuses a body may close the door on what is still sent of it.
            self._stop_sending()

    async def next_piece(self) -> bytes:
        """What has come of the answer's body; nothing at its end.

        Raises: as `ask`.
        """
        answer = self.answer
        while not answer.unread_bytes:
            if answer.is_whole:
                return b""
            await self._more()
        return answer.take()

    def finish(self) -> bool:
        """Ends the request. True if another may be asked; else it is closed."""
        self._stop_sending()
        answer = self.answer
        if not (self._is_open and self._is_sent and answer.is_whole and answer.may_follow):
            self.abort()
            return False
        answer.forget()
        self._is_asked = self._is_sent = False
        self.is_reused = True
        self._keep_reading(True)
        return True

    def abort(self) -> None:
        """Closes it at once."""
        self._stop_sending()
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Closes it, and tells the host."""
        if self._transport is not None:
            self._transport.close()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.is_reused and not self._is_asked:
            self.abort()  # nobody has asked for it
            return
        try:
            self.answer.feed(data)
        except NotHttp as error:
            self._fail(error)
        if self.answer.unread_bytes > self._unread_bytes_max:
            self._keep_reading(False)
        _wake(self._arrived)

    def eof_received(self) -> None:
        self.answer.end()
        _wake(self._arrived)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        why = str(error or "the connection was closed")
        if self.answer.has_begun:
            self._fail(AnswerLost(f"{why} in the middle of the answer"))
        else:
            self._fail(NoAnswer(why))
        for waiting in (self._room, self.closed):
            _wake(waiting)

    def pause_writing(self) -> None:
        self._room = self._env.future()

    def resume_writing(self) -> None:
        _wake(self._room)
        self._room = None

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def _more(self) -> None:
        """Waits for more of the answer; none may have come.

        Raises: as `ask`.
        """
        if self._failure is not None:
            raise self._failure
        self._keep_reading(True)
        self._arrived = self._env.future()
        if self._silence_ms_max is None:
            await self._arrived
            return
        written_bytes = self._written_bytes
        try:
            await self._env.within(self._silence_ms_max, self._arrived)
        except TimeoutError:
            # A host that takes what it is sent is not silent.
            if written_bytes == self._written_bytes:
                raise Silent from None

    def _patience_ms(self, method: str) -> float:
        """What changes something may take as long as what it does."""
        limits = self._limits
        reads = method in SAFE_METHODS
        return limits.client_silence_ms_max if reads else limits.client_change_silence_ms_max

    async def _send(self, pieces: AsyncIterable[bytes], chunked: bool) -> None:
        unlooked = 0
        async for piece in pieces:
            unlooked += len(piece)
            if unlooked > _UNLOOKED_BYTES_MAX:
                # The loop looks at what has come before more is sent: so an answer that
                # refuses the body is read before the connection breaks under it.
                for _ in range(2):
                    await self._env.sleep(0)
                unlooked = len(piece)
            if self._room is not None:
                await self._room
            if piece:
                self._write(chunk(piece) if chunked else piece)
        if chunked:
            self._write(chunk(b""))
        self._is_sent = True

    def _has_sent(self, sender: asyncio.Task[None]) -> None:
        error = None if sender.cancelled() else sender.exception()
        if error is not None:
            self._fail(error)
            self.abort()

    def _stop_sending(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None

    def _write(self, data: bytes) -> None:
        # If it is closed, whoever reads is told why.
        if self._transport is not None and not self._transport.is_closing():
            self._written_bytes += len(data)
            self._transport.write(data)

    def _fail(self, error: BaseException) -> None:
        """The first one counts."""
        if self._failure is None:
            self._failure = error
        self._stop_sending()
        _wake(self._arrived)

    def _keep_reading(self, wanted: bool) -> None:
        if wanted == self._is_reading or self._transport is None or self._transport.is_closing():
            return
        self._is_reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)

"""Turns asked for by the lines of one body, and answered as they end."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import StreamReader, web

from kelpie.access.caller import Caller
from kelpie.access.roles import Permission
from kelpie.api.asked import Asked
from kelpie.api.body_lines import BodyLines
from kelpie.api.door import Door
from kelpie.api.invocation import Invocations
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.problem import as_kelpie_error
from kelpie.api.turn_lines import error_line, parse_turn_line, reply_line
from kelpie.env import Env
from kelpie.errors import (
    Draining,
    InvalidRequest,
    KelpieError,
    PayloadTooLarge,
    RequestTimeout,
)
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.requests.cause import Cause

__all__ = ["TurnStream"]


class TurnStream:
    """One task reads and asks; whoever runs the stream writes what has ended.

    A turn keeps its place until its answer is written. So with a client that
    reads nothing no more lines are read, and little is held.
    """

    def __init__(
        self,
        env: Env,
        door: Door,
        invocations: Invocations,
        caller: Caller,
        limits: Limits,
        namespace: str,
        patience_ns: int,
        cause: Cause,
    ) -> None:
        self._env = env
        self._door = door
        self._invocations = invocations
        self._caller = caller
        self._limits = limits
        self._namespace = namespace
        self._patience_ns = patience_ns
        self._cause = cause
        self._open = 0
        """Lines that were read and whose answer is not yet written."""
        self._answers: list[bytes] = []
        self._last = b""
        """Why no more lines are read, if they are not at their end."""
        self._reader: asyncio.Task[None] | None = None
        self._stopped: KelpieError | None = None
        self._progress: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    async def run(self, content: StreamReader, response: web.StreamResponse) -> None:
        """Returns when every line is answered. Turns that were asked for go on
        when the client goes away."""
        self._reader = self._env.spawn(self._read(content), "turns")
        self._reader.add_done_callback(lambda _: self._wake())
        try:
            while self._answers or self._open or not self._reader.done():
                if self._answers:
                    await self._write(response)
                else:
                    self._progress = self._env.future()
                    await self._progress
            if self._last:
                await self._env.within(self._limits.http_idle_ms_max, response.write(self._last))
        except (ConnectionError, TimeoutError):
            # Nobody reads the answers: there is nobody to tell.
            response.force_close()
        finally:
            self._reader.cancel()

    def stop(self, why: KelpieError) -> None:
        """Reads no more lines. What was asked for is answered, and then `why`."""
        if self._reader is not None and not self._reader.done():
            self._stopped = why
            self._reader.cancel()

    async def _write(self, response: web.StreamResponse) -> None:
        answers, self._answers = self._answers, []
        write = response.write(b"".join(answers))
        await self._env.within(self._limits.http_idle_ms_max, write)
        self._open -= len(answers)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def _read(self, content: StreamReader) -> None:
        lines = BodyLines(content, self._limits.turn_line_bytes_max)
        index = 0
        try:
            while await self._read_one(lines, index):
                index += 1
        except asyncio.CancelledError:
            if self._stopped is None:
                raise
            self._last = error_line(None, None, self._stopped)
        except Exception as error:  # noqa: BLE001 - logged and answered
            self._last = error_line(None, None, as_kelpie_error(error))

    async def _read_one(self, lines: BodyLines, index: int) -> bool:
        """Takes up the next line, if there is one.

        Raises:
            KelpieError: no more can be read.
        """
        while self._open >= self._limits.turn_stream_turns_max:
            self._room = self._env.future()
            await self._room
        limit_ms = self._limits.http_idle_ms_max
        try:
            line = await self._env.within(limit_ms, lines.next())
        except PayloadTooLarge as error:
            self._open += 1
            self._answer(error_line(index, None, error))
            return True
        except TimeoutError:
            raise RequestTimeout(f"no further line was complete after {limit_ms} ms") from None
        except (web.RequestPayloadError, ConnectionError) as error:
            raise InvalidRequest(f"the body could not be read: {error}") from None
        if line is not None:
            await self._take_from_rate()
            self._door.readmit(self._caller, Permission.INVOKE, self._namespace)
            self._open += 1
            self._ask(index, line)
        return line is not None

    async def _take_from_rate(self) -> None:
        """Every line counts against the token's rate. None is refused: what comes
        too fast is read later."""
        rate = self._caller.rate
        while rate is not None and (wait_ns := rate.take(self._env.monotonic_ns())):
            await self._env.sleep(wait_ns / 1_000_000)

    def _ask(self, index: int, line: bytes) -> None:
        """Asks for the turn of a line.

        Raises:
            Draining: and for no more.
        """
        asked = None
        try:
            wanted = parse_turn_line(line)
            asked = self._invocations.ask_line(
                self._caller, self._namespace, wanted, self._patience_ns, self._cause
            )
            content_type = None if wanted.argument is None else JSON_TYPE
            turn = self._invocations.submit(asked, content_type, wanted.argument or b"")
        except KelpieError as error:
            self._answer(error_line(index, asked, error))
            if isinstance(error, Draining):
                raise
        else:
            turn.add_done_callback(partial(self._ended, index, asked))

    def _ended(self, index: int, asked: Asked, turn: asyncio.Future[Payload]) -> None:
        error = Draining("the host has stopped") if turn.cancelled() else turn.exception()
        if error is None:
            self._answer(reply_line(index, asked.request_id, turn.result()))
        else:
            assert isinstance(error, Exception)
            self._answer(error_line(index, asked, self._invocations.error(asked, error)))

    def _answer(self, line: bytes) -> None:
        self._answers.append(line)
        self._wake()

    def _wake(self) -> None:
        if self._progress is not None and not self._progress.done():
            self._progress.set_result(None)

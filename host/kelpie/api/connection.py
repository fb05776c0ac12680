"""The hot path: an invocation that arrives in one piece never leaves the protocol.

Nearly every request of a busy client is a POST to an actor, whole in one read,
on a connection that stays open. For those this protocol parses (with aiohttp's
parser), asks for the turn and writes the reply, with no task and no stream in
between. At the first thing that is anything else, the connection is handed to
aiohttp's own protocol, with the bytes of that request, and stays there: this
file never has to be all of HTTP. It hands over only between two requests, so
nothing is answered twice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiohttp import HttpVersion11, StreamReader
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage

from kelpie.access.caller import Caller
from kelpie.access.roles import Permission
from kelpie.api.asked import Asked
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.problem import PROBLEM_TYPE, problem_of
from kelpie.api.wire import response_head
from kelpie.api.write_watch import WriteWatch
from kelpie.env import Handle
from kelpie.errors import Draining
from kelpie.ids import Payload

if TYPE_CHECKING:
    from kelpie.api.server import HttpServer

__all__ = ["HotConnection"]

_PREFIX = "/v1/actors/"
_SEGMENTS = 6  # '', v1, actors, kind, key, operation
_END_OF_HEAD = b"\r\n\r\n"
_OK = 200
# What is counted and logged where nobody was left to answer, as other servers do.
_CLIENT_GONE = 499
# What is whole in one read is never so large that its reader would want a pause.
_NEVER_PAUSE_BYTES = 1 << 30


class HotConnection(asyncio.Protocol):
    """One connection, as long as it asks for nothing but turns.

    One request at a time: what is pipelined waits for the answer, and nothing
    more is read meanwhile.
    """

    __slots__ = (
        "_asked",
        "_begun_ns",
        "_caller",
        "_closing",
        "_idle_timer",
        "_later",
        "_parser",
        "_path",
        "_reading",
        "_served",
        "_served_before",
        "_server",
        "_transport",
        "_write_paused",
        "_write_watch",
    )

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._asked: Asked | None = None  # the request that is being answered
        self._begun_ns = 0
        self._caller: Caller | None = None  # who has asked it, once that is known
        self._path = ""
        self._later = b""
        self._reading = True
        self._write_paused = False
        self._closing = False
        self._served = self._served_before = 0
        limits = server.limits
        self._parser = HttpRequestParser(
            server.parser_owner,
            server.loop,
            _NEVER_PAUSE_BYTES,
            max_line_size=limits.http_line_bytes_max,
            max_field_size=limits.http_header_bytes_max,
            max_headers=limits.http_headers_max,
            auto_decompress=False,
        )
        self._idle_timer: Handle | None = None
        self._write_watch: WriteWatch | None = None

    def close_when_answered(self) -> None:
        """Closes now if nothing is being answered, else right after the answer."""
        self._closing = True
        if self._asked is None and self._transport is not None:
            self._transport.close()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        server = self._server
        idle_ms_max = server.limits.http_idle_ms_max
        self._idle_timer = server.env.call_later(idle_ms_max, self._check_idle)
        self._write_watch = WriteWatch(server.env, server.limits, self._transport)
        server.opened(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        # The turn that is being answered goes on: it was asked for.
        self._transport = None
        self._later = b""
        self._stop_timers()
        self._server.lost(self)

    def eof_received(self) -> bool:
        # A client may close its side once it has asked, and still gets its answers.
        self._closing = True
        assert self._transport is not None
        # TLS knows no half of a connection: asyncio closes the whole.
        is_whole = self._transport.get_extra_info("sslcontext") is not None
        return not is_whole and (self._asked is not None or bool(self._later))

    def pause_writing(self) -> None:
        self._write_paused = True
        self._set_reading()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._asked is None:
            self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._asked is not None or self._write_paused:
            self._later += data
            self._set_reading()
            return
        self._served += 1
        try:
            messages, _, _ = self._parser.feed_data(data)
        except HttpProcessingError:
            self._hand_over(data)
            return
        if len(messages) == 1 and self._is_hot(data, messages[0][0]):
            self._ask(*messages[0])
        else:
            self._hand_over(data)

    # One request.

    def _is_hot(self, data: bytes, message: RawRequestMessage) -> bool:
        """Whether `data` is one whole invocation and nothing else."""
        path, headers = message.path, message.headers
        if (
            message.method != "POST"
            or not path.startswith(_PREFIX)
            or path.count("/") != _SEGMENTS - 1
            or "?" in path
            or message.version != HttpVersion11
            or message.should_close
            or message.upgrade
            or message.chunked
            or "Expect" in headers
            or "Origin" in headers  # a browser asks, perhaps for somebody else
        ):
            return False
        hosts = self._server.browsers.usual_hosts
        if hosts is not None and headers.get("Host") not in hosts:
            return False
        # The parser has made sure that it is a number.
        size = int(headers.get("Content-Length", 0))
        return (
            data.find(_END_OF_HEAD) + len(_END_OF_HEAD) + size == len(data)
            and size <= self._server.limits.payload_bytes_max
        )

    def _ask(self, message: RawRequestMessage, content: StreamReader) -> None:
        server, headers = self._server, message.headers
        assert content.is_eof(), "a hot request is whole"
        body = content.read_nowait()
        asked = None
        self._begun_ns, self._path = server.env.monotonic_ns(), message.path
        self._caller = None
        try:
            segments = message.path.split("/")[3:]
            caller = server.door.admit(headers, Permission.INVOKE, DEFAULT_NAMESPACE)
            self._caller = caller
            asked = server.invocations.ask(caller, DEFAULT_NAMESPACE, segments, headers)
            turn = server.invocations.submit(asked, headers.get("Content-Type"), body)
        except Exception as error:  # noqa: BLE001 - logged and answered
            self._write_problem(asked, error)
        else:
            self._asked = asked
            turn.add_done_callback(self._answer)

    def _answer(self, turn: asyncio.Future[Payload]) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        error = _stopped() if turn.cancelled() else turn.exception()
        if self._transport is None:
            self._note(_CLIENT_GONE, asked, None)
            return
        if error is None:
            reply = turn.result()
            content_type = self._server.invocations.reply_type(asked, reply)
            self._write(_OK, content_type, asked.headers(), reply.data)
            self._note(_OK, asked, None)
        else:
            assert isinstance(error, Exception)
            self._write_problem(asked, error)
        self._go_on()

    def _write_problem(self, asked: Asked | None, error: Exception) -> None:
        known = self._server.invocations.error(asked, error)
        problem = problem_of(known, None if asked is None else asked.trace_id)
        headers = problem.headers
        if asked is not None:
            headers.update(asked.headers())
        self._write(problem.status, PROBLEM_TYPE, headers, problem.body)
        self._note(problem.status, asked, known.code)

    def _note(self, status: int, asked: Asked | None, code: str | None) -> None:
        request_id = None if asked is None else asked.request_id
        principal = None if self._caller is None else self._caller.principal
        self._server.requests.answered(
            "POST", self._path, status, self._begun_ns, request_id, code, principal
        )

    def _write(self, status: int, content_type: str, headers: dict[str, str], body: bytes) -> None:
        assert self._transport is not None
        if self._closing:
            headers["Connection"] = "close"
        date = self._server.date.now()
        self._transport.write(response_head(status, content_type, len(body), date, headers) + body)

    # Between requests.

    def _go_on(self) -> None:
        """Takes up what has waited, if it may."""
        if self._later and not self._write_paused:
            data, self._later = self._later, b""
            self.data_received(data)
        elif self._closing and self._transport is not None:
            self._transport.close()
        self._set_reading()

    def _set_reading(self) -> None:
        wanted = not self._later and not self._write_paused
        if wanted == self._reading or self._transport is None:
            return
        self._reading = wanted
        if self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _hand_over(self, data: bytes) -> None:
        """Lets aiohttp answer `data`, which begins a request, and all that follows."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._stop_timers()
        self._set_reading()
        self._transport = None
        protocol = self._server.take_over(self)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)
        # What else was said is known already, and that nothing more will be.
        if self._closing and not protocol.eof_received():
            transport.close()

    def _stop_timers(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._write_watch is not None:
            self._write_watch.stop()

    def _check_idle(self) -> None:
        server = self._server
        if self._asked is None and self._served == self._served_before:
            assert self._transport is not None
            self._transport.close()
            return
        self._served_before = self._served
        self._idle_timer = server.env.call_later(server.limits.http_idle_ms_max, self._check_idle)


def _stopped() -> Draining:
    return Draining("the host has stopped: ask again when it is back")

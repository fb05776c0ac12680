"""All of HTTP, as aiohttp speaks it, for whatever is not the hot path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from kelpie.api.departure import AttendedConnection
from kelpie.api.door import CALLER
from kelpie.api.handlers import Handlers
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.request_log import RequestLog
from kelpie.api.responses import ERROR_CODE, problem_response
from kelpie.api.write_watch import WriteWatch
from kelpie.env import Env
from kelpie.errors import HostFault, InvalidRequest, KelpieError
from kelpie.limits import Limits

__all__ = ["FullConnection", "FullHttp"]

_SERVER_ERROR = 500
_END_OF_HEAD = b"\r\n\r\n"
_CHUNKED_PIECE_BYTES_MIN = 4096
# In what the parser tells of one whose method it does not know.
_REQUEST_LINE = re.compile(r"b'([A-Z][A-Z-]*) \S+ HTTP/1\.[01]'")
_VERSIONS = {HttpVersion10, HttpVersion11}


class FullHttp(web.Server):
    """Makes a protocol for each connection that is given to it."""

    def __init__(
        self,
        env: Env,
        handlers: Handlers,
        limits: Limits,
        requests: RequestLog,
        on_lost: Callable[[], object],
    ) -> None:
        super().__init__(self._handle)
        self.env = env
        self.handlers = handlers
        self.limits = limits
        self.requests = requests
        self._on_lost = on_lost

    def __call__(self) -> FullConnection:
        limits = self.limits
        return FullConnection(
            self,
            self._on_lost,
            loop=asyncio.get_running_loop(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.http_idle_ms_max / 1000,
            lingering_time=limits.http_linger_ms_max / 1000,
            max_line_size=limits.http_line_bytes_max,
            max_field_size=limits.http_header_bytes_max,
            max_headers=limits.http_headers_max,
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        begun_ns = self.requests.begin()
        response = await self.handlers.handle(request)
        if request.content.exception() is not None:
            # Nobody knows where the next request would begin.
            response.force_close()
        connection = request.protocol
        assert isinstance(connection, FullConnection)
        connection.answered(request)
        self.requests.answered(
            request.method,
            request.raw_path,
            response.status,
            begun_ns,
            response.headers.get(REQUEST_ID_HEADER),
            response.get(ERROR_CODE),
            caller.principal if (caller := request.get(CALLER)) is not None else None,
        )
        return response


class FullConnection(AttendedConnection):
    def __init__(self, server: FullHttp, on_lost: Callable[[], object], **options: object) -> None:
        super().__init__(server, **options)  # type: ignore[arg-type]
        self._env = server.env
        self._limits = server.limits
        self._requests = server.requests
        self._handlers = server.handlers
        self._on_lost = on_lost
        self._newest_body: StreamReader = EMPTY_PAYLOAD
        self._answered_body: StreamReader = EMPTY_PAYLOAD
        self._ending = False  # once all that was asked is answered
        self._unfed = b""
        self._body_left = 0
        self._write_watch: WriteWatch | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self._write_watch = WriteWatch(self._env, self._limits, self.transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._write_watch is not None:
            self._write_watch.stop()
        super().connection_lost(exc)
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser one request at a time: at what is no HTTP it drops all
        that it was fed with it, and good requests before that are to be answered.

        What comes behind as many as may wait is fed when aiohttp asks for more,
        which it does by calling this without data.
        """
        self._unfed += data
        if not self._unfed:
            self._feed(data)
        while self._unfed and len(self._messages) < self._max_msg_queue_size:
            size = self._piece_size()
            piece, self._unfed = self._unfed[:size], self._unfed[size:]
            self._feed(piece)

    def _piece_size(self) -> int:
        """How much of what is not fed belongs to one request."""
        if self._body_left:
            return self._body_left
        # Of a chunked body nobody knows where it ends: it is cut anywhere, but seldom.
        begin = 0 if self._newest_body.is_eof() else _CHUNKED_PIECE_BYTES_MIN
        end = self._unfed.find(_END_OF_HEAD, begin)
        return len(self._unfed) if end < 0 else end + len(_END_OF_HEAD)

    def _feed(self, piece: bytes) -> None:
        body, known = self._newest_body, len(self._messages)
        super().data_received(piece)
        self._body_left = max(0, self._body_left - len(piece))
        if len(self._messages) == known:
            return
        self._refuse_other_versions()
        message, self._newest_body = self._messages[-1]
        if not isinstance(message, RawRequestMessage):
            # No HTTP: what follows is nobody knows what.
            self._unfed = b""
        elif not message.chunked:
            # The parser has made sure that it is a number.
            self._body_left = int(message.headers.get("Content-Length", 0))
        if not body.is_eof():
            # The parser has lost its way in the body: it tells the next request, of
            # which there will be none, and lets whoever reads the body wait.
            self._messages.pop()
            self._newest_body = body
            self._unfed = b""
            self._break_body("it is not chunked as HTTP has it")

    def answered(self, request: web.BaseRequest) -> None:
        """From now on nobody wants the body of the request."""
        self._answered_body = request.content
        if self._ending and not self._messages:
            self.close()

    def _refuse_other_versions(self) -> None:
        """The parser takes HTTP/0.9 and 2.0 for a way to write requests, which they are not."""
        for place, (message, _) in enumerate(self._messages):
            if isinstance(message, RawRequestMessage) and message.version not in _VERSIONS:
                told = "only HTTP/1.1 and 1.0 are spoken here"
                refused = _ErrInfo(status=HTTPStatus.BAD_REQUEST, exc=ValueError(), message=told)
                self._messages[place] = (refused, EMPTY_PAYLOAD)

    def _break_body(self, why: str) -> None:
        """Ends the newest body, which will never be whole, and what comes after it."""
        body = self._newest_body
        if body is self._answered_body:
            self.close()
        else:
            body.set_exception(web.RequestPayloadError(why))
        body.feed_eof()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio allows a bool here
        """A client may close its side once it has asked, and still gets its answers."""
        waits = self._waiter is not None and not self._waiter.done()
        # Before the first request nobody may have begun to wait yet.
        # TLS knows no half of a connection: asyncio closes the whole.
        if waits or self._request_count == 0 or self.ssl_context is not None:
            return False
        if not self._newest_body.is_eof():
            self._break_body("its client went away before it was whole")
        elif self._messages:
            self._ending = True
        else:
            self.close()
        self.client_gone()
        return True

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        status: int = _SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers what is no HTTP; the handlers themselves raise nothing."""
        if status >= _SERVER_ERROR:
            self.logger.error("a response could not be made", exc_info=exc)
            error: KelpieError = HostFault("the host met an error that it did not expect")
        else:
            # What follows the colon is a piece of the request, which may be a secret.
            told = message or ""
            what = told.strip().partition("\n")[0].partition(":")[0]
            error = InvalidRequest(f"this is no valid HTTP request: {what}")
            method = _REQUEST_LINE.search(told) if isinstance(exc, BadHttpMethod) else None
            if method is not None:
                error = self._handlers.no_method(method[1])
        response = problem_response(error)
        response.force_close()
        requests = self._requests
        requests.answered("?", "?", response.status, requests.begin(), None, error.code, None)
        return response

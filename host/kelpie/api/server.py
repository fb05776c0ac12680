"""Listening, and letting go."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable

from aiohttp.base_protocol import BaseProtocol

from kelpie.access.audit import AuditLog
from kelpie.access.refusals import Refusals
from kelpie.access.tokens import Tokens
from kelpie.api.about import AboutHandlers, HostSettings
from kelpie.api.browsers import Browsers
from kelpie.api.connection import HotConnection
from kelpie.api.door import Door
from kelpie.api.full_http import FullConnection, FullHttp
from kelpie.api.guard import Guard
from kelpie.api.handlers import Handlers
from kelpie.api.handshakes import Handshakes
from kelpie.api.invocation import Invocations
from kelpie.api.listening import Listening
from kelpie.api.metrics import Metrics
from kelpie.api.request_log import RequestLog
from kelpie.api.token_handlers import TokenHandlers
from kelpie.api.wire import DateHeader
from kelpie.env import Env
from kelpie.limits import Limits
from kelpie.meters.log import LogMeter
from kelpie.runtime.host import Runtime

__all__ = ["HttpServer"]

_log = logging.getLogger(__name__)


class HttpServer:
    """The HTTP side of one host. Belongs to the loop that runs when it is made."""

    def __init__(
        self,
        env: Env,
        runtime: Runtime,
        limits: Limits,
        log_meter: LogMeter | None = None,
        allowed_hosts: Iterable[str] = (),
        settings: HostSettings | None = None,
    ) -> None:
        """`allowed_hosts` are names by which a host that listens on loopback is asked for.
        `settings` are told to whoever runs it."""
        self.env = env
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.date = DateHeader(env)
        self._lines = runtime.node.guest_log.recent
        self.invocations = Invocations(env, runtime, limits)
        # The parser wants somebody to pause; what it parses here needs no pause.
        self.parser_owner = BaseProtocol(self.loop)
        self.requests = RequestLog(env)
        metrics = Metrics(env, runtime, self.requests.meter, log_meter or LogMeter(), self._count)
        self.browsers = Browsers(allowed_hosts)
        store = runtime.node.store
        self.tokens, self.audit = Tokens(env, store, limits), AuditLog(env, store, limits)
        self.door = Door(env, self.tokens)
        self._guard = Guard(env, self.door, self.audit, Refusals(env, self.audit, limits))
        self._handlers = Handlers(
            env,
            runtime,
            limits,
            self.invocations,
            metrics,
            self.browsers,
            self._guard,
            TokenHandlers(env, self.tokens, self.audit, limits),
            AboutHandlers(runtime, self.tokens, limits, settings or {}),
        )
        self._full_http = FullHttp(env, self._handlers, limits, self.requests, self._lost_full)
        self._hot: set[HotConnection] = set()
        self._full_count = 0
        self._listener: asyncio.Server | None = None
        self._handshakes: Handshakes | None = None
        self._all_closed: asyncio.Future[None] | None = None

    async def start(self, listening: Listening) -> str:
        """Listens, and returns the URL. Port 0 picks one.

        Raises:
            AddressRefused: there are no tokens, and others could reach it.
            OSError: the address cannot be listened on.
            StoreError: the tokens cannot be read.
        """
        await self.tokens.open()
        await listening.check(self.tokens.required)
        tls = listening.tls
        self._listener = await self.loop.create_server(
            self._connection,
            listening.host,
            listening.port,
            backlog=self.limits.http_connections_waiting_max,
            start_serving=tls is None,
        )
        if tls is not None:
            self._handshakes = Handshakes(self.env, self.limits, tls, self._connection)
            self._handshakes.listen(
                self._listener.sockets, self.limits.http_connections_waiting_max
            )
        family, address = _bound(self._listener)
        self.browsers.listen(*address, tls=tls is not None)
        name = f"[{address[0]}]" if family == socket.AF_INET6 else address[0]
        return f"{'http' if tls is None else 'https'}://{name}:{address[1]}"

    def drain(self) -> None:
        """Has no stream ask for more turns; each ends once those are answered. To be
        called before the runtime is drained. Idempotent."""
        self._handlers.drain()

    async def stop(self) -> None:
        """Takes no more connections, and closes each once it is answered.

        To be called when the runtime is drained: then all answers are there.
        """
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._handshakes is not None:
            self._handshakes.close()
        self.drain()
        for connection in list(self._hot):
            connection.close_when_answered()
        self._lines.close()
        self._full_http.pre_shutdown()
        await self._full_http.shutdown(self.limits.http_close_ms_max / 1000)
        await self._guard.finish(self.limits.http_close_ms_max)
        if self._count():
            self._all_closed = self.env.future()
            try:
                await self.env.within(self.limits.http_close_ms_max, self._all_closed)
            except TimeoutError:
                _log.warning("%d connections are closed before they end", self._count())

    # What follows is for connections.

    def _connection(self) -> HotConnection:
        return HotConnection(self)

    def opened(self, connection: HotConnection) -> None:
        self._hot.add(connection)
        if self._count() > self.limits.http_connections_max:
            connection.close_when_answered()

    def lost(self, connection: HotConnection) -> None:
        self._hot.discard(connection)
        self._check_all_closed()

    def take_over(self, connection: HotConnection) -> FullConnection:
        """The protocol that goes on where a hot connection cannot."""
        self._hot.discard(connection)
        self._full_count += 1
        return self._full_http()

    def _lost_full(self) -> None:
        self._full_count -= 1
        self._check_all_closed()

    def _count(self) -> int:
        """How many connections there are."""
        return len(self._hot) + self._full_count

    def _check_all_closed(self) -> None:
        waiting = self._all_closed
        if waiting is not None and not waiting.done() and not self._count():
            waiting.set_result(None)


def _bound(listener: asyncio.Server) -> tuple[socket.AddressFamily, tuple[str, int]]:
    first = listener.sockets[0]
    return first.family, first.getsockname()[:2]

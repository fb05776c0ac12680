"""Connections to one host, kept for the next request."""

from __future__ import annotations

import asyncio
import ssl

from kelpie.api.http_client.connection import Connection
from kelpie.api.http_client.origin import Origin
from kelpie.env.connecting import connect
from kelpie.env.program import Surroundings
from kelpie.limits import Limits

__all__ = ["Pool"]

_NS_PER_MS = 1_000_000


class Pool:
    """The connection that was given back last is taken first: so the others grow old,
    and are closed. When as many are taken as may be, further requests wait their turn."""

    def __init__(
        self, env: Surroundings, origin: Origin, trusted: ssl.SSLContext | None, limits: Limits
    ) -> None:
        """`trusted` says who may vouch for the host, if it is asked over TLS."""
        self._env = env
        self._origin = origin
        self._trusted = trusted
        self._limits = limits
        self._room = asyncio.Semaphore(limits.client_connections_max)
        self._idle: list[Connection] = []
        self._taken: set[Connection] = set()
        self.is_closed = False

    async def take(self) -> Connection:
        """One on which nothing is asked. It has to be given back.

        Raises:
            OSError: there is no connection with the host. It is an ssl.SSLError if
                there is one, but no TLS on it, and TimeoutError if it took too long.
        """
        await self._room.acquire()
        try:
            if self.is_closed:
                raise ConnectionAbortedError("the client was closed")
            connection = self._idle_one() or await self._new()
        except BaseException:
            self._room.release()
            raise
        self._taken.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Ends what was asked on it."""
        self._taken.discard(connection)
        self._room.release()
        if connection.finish():
            connection.idle_since_ns = self._env.monotonic_ns()
            self._idle.append(connection)
        self._drop_old()

    async def close(self) -> None:
        """Closes them all. What is still asked has no answer any more."""
        self.is_closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        for connection in self._taken:
            connection.abort()
        every = [*idle, *self._taken]
        try:
            await self._env.within(self._limits.client_close_ms_max, _lost(every))
        except TimeoutError:
            for connection in every:
                connection.abort()

    def _idle_one(self) -> Connection | None:
        self._drop_old()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort()
        return None

    def _drop_old(self) -> None:
        now_ns, age_ns = self._env.monotonic_ns(), self._limits.client_idle_ms_max * _NS_PER_MS
        while self._idle and now_ns - self._idle[0].idle_since_ns > age_ns:
            self._idle.pop(0).close()

    async def _new(self) -> Connection:
        connection = Connection(self._env, self._limits)
        connecting = connect(connection, self._origin.host, self._origin.port, self._trusted)
        await self._env.within(self._limits.client_connect_ms_max, connecting)
        return connection


async def _lost(connections: list[Connection]) -> None:
    for connection in connections:
        await connection.closed

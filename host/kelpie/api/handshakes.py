"""Connections that are yet to agree on TLS: so many at a time, and for so long."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from kelpie.api.tls import ServerTls
from kelpie.env import Env
from kelpie.limits import Limits

__all__ = ["Handshakes"]

# When there are no descriptors, or no memory, for one more connection.
_PAUSE_MS = 1_000
# What OpenSSL calls what comes first, if it is none of TLS.
_PLAIN = {"HTTP_REQUEST", "WRONG_VERSION_NUMBER"}
_NS_PER_MS = 1_000_000

_log = logging.getLogger("kelpie")


class Handshakes:
    """Accepts connections; each has the protocol that `make` gives once TLS is
    spoken on it.

    Where too many are not as far, the oldest goes: one that means it takes no
    longer than a few round trips.
    """

    def __init__(
        self, env: Env, limits: Limits, tls: ServerTls, make: Callable[[], asyncio.Protocol]
    ) -> None:
        self._env = env
        self._limits = limits
        self._tls = tls
        self._make = make
        self._listeners: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._unfinished: dict[socket.socket, None] = {}
        """Oldest first."""
        self._plain = 0
        """How many have spoken no TLS since it was last told."""
        self._tell_after_ns = 0

    def __len__(self) -> int:
        return len(self._unfinished)

    def listen(self, sockets: Iterable[socket.socket], backlog: int) -> None:
        """Begins with it, on copies of these, which are bound.

        Raises:
            OSError
        """
        for bound in sockets:
            listener = socket.socket(fileno=os.dup(bound.fileno()))
            listener.setblocking(False)
            listener.listen(backlog)
            accepting = self._env.spawn(self._accept(listener), "accept")
            self._listeners.append((listener, accepting))

    def close(self) -> None:
        """Accepts no more, and ends what is not finished."""
        for listener, accepting in self._listeners:
            accepting.cancel()
            listener.close()
        self._listeners.clear()
        for connection in list(self._unfinished):
            _end(connection)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                _log.error("a connection could not be accepted: %s", error)
                await self._env.sleep(_PAUSE_MS)
                continue
            if len(self._unfinished) >= self._limits.http_tls_handshakes_max:
                oldest = next(iter(self._unfinished))
                del self._unfinished[oldest]
                _end(oldest)
            self._unfinished[connection] = None
            self._env.spawn(self._shake_hands(connection), "handshake")

    async def _shake_hands(self, connection: socket.socket) -> None:
        # It may speak no TLS, or another one, or take too long, or go away.
        with suppress(OSError), self._plain_is_told():
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make,
                connection,
                ssl=self._tls.context,
                ssl_handshake_timeout=self._limits.http_tls_handshake_ms_max / 1000,
            )
        self._unfinished.pop(connection, None)

    @contextmanager
    def _plain_is_told(self) -> Iterator[None]:
        """Nothing can be answered that the client would understand; whoever cares for the
        host shall know, and not be flooded."""
        try:
            yield
        except ssl.SSLError as error:
            if error.reason in _PLAIN:
                self._plain += 1
                now_ns = self._env.monotonic_ns()
                if now_ns >= self._tell_after_ns:
                    self._tell_after_ns = now_ns + self._limits.http_plain_told_ms * _NS_PER_MS
                    _log.warning(
                        "a client spoke no TLS, and was not answered (%d since this was last "
                        "told): the URL of this host begins with https://",
                        self._plain,
                    )
                    self._plain = 0
            raise


def _end(connection: socket.socket) -> None:
    """Lets its handshake fail."""
    with suppress(OSError):  # the other side was quicker
        connection.shutdown(socket.SHUT_RDWR)

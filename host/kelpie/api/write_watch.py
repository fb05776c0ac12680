"""Whoever does not read answers is not written to for ever."""

from __future__ import annotations

import asyncio
import socket
import struct
import termios
from fcntl import ioctl

from kelpie.env import Env, Handle

__all__ = ["WriteWatch"]

_LOOKS = 4
_INT = struct.Struct("i")
_AT_ONCE = struct.pack("ii", 1, 0)


class WriteWatch:
    """Ends a connection of which nothing is read though something waits to be.

    It looks at what has not reached the client: that one reads is seen by its
    becoming less. Answers that are added hide this only until there is so
    much that whoever writes has to wait. Closing would not do: that waits until
    all is read.
    """

    __slots__ = ("_env", "_looks_left", "_period_ms", "_timer", "_transport", "_waiting_bytes")

    def __init__(self, env: Env, idle_ms_max: float, transport: asyncio.WriteTransport) -> None:
        """The connection ends when nothing was read for `idle_ms_max`, and a quarter
        of that later at the latest."""
        self._env = env
        self._transport = transport
        self._period_ms = idle_ms_max / _LOOKS
        self._waiting_bytes = 0
        self._looks_left = _LOOKS
        self._timer: Handle = env.call_later(self._period_ms, self._look)

    def stop(self) -> None:
        """To be called when the connection is lost, or somebody else watches it. Idempotent."""
        self._timer.cancel()

    def _look(self) -> None:
        before, now = self._waiting_bytes, self._transport.get_write_buffer_size()
        if now:
            # The system takes from us seldom and much: a slow reader shows there first.
            now += self._system_bytes()
        self._waiting_bytes = now
        self._looks_left = self._looks_left - 1 if now >= before > 0 else _LOOKS
        if self._looks_left:
            self._timer = self._env.call_later(self._period_ms, self._look)
        else:
            self._reset()

    def _system_bytes(self) -> int:
        """What the system has of it that the other side has not."""
        connection = self._transport.get_extra_info("socket")
        told = ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(_INT.size))
        size: int = _INT.unpack(told)[0]
        return size

    def _reset(self) -> None:
        connection = self._transport.get_extra_info("socket")
        # Else the system would go on offering what it has taken from us.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

"""Whoever reads answers too slowly, or not at all, is not written to for ever."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque

from kelpie.env import Env, Handle
from kelpie.limits import Limits

__all__ = ["WriteWatch"]

_LOOKS = 4
_TCP_INFO_BYTES = 256
_ACKNOWLEDGED_AT = 120  # tcpi_bytes_acked, in Linux's struct tcp_info
_ACKNOWLEDGED = struct.Struct("=Q")
_AT_ONCE = struct.pack("ii", 1, 0)


class WriteWatch:
    """Ends a connection whose client reads less than it must of what waits for it.

    What counts is what the client's system has acknowledged, whatever is added
    meanwhile: that takes more only when something was read. Closing would not
    do: that waits until all is read.
    """

    __slots__ = ("_bytes_min", "_env", "_marks", "_period_ms", "_timer", "_transport")

    def __init__(self, env: Env, limits: Limits, transport: asyncio.WriteTransport) -> None:
        """The connection ends when something has waited for `http_idle_ms_max`, and
        less than `http_reply_bytes_min` went in that time; a quarter of it later at
        the latest."""
        self._env = env
        self._transport = transport
        self._period_ms = limits.http_idle_ms_max / _LOOKS
        self._bytes_min = limits.http_reply_bytes_min
        self._marks: deque[int] = deque(maxlen=_LOOKS + 1)
        """How much had gone at each look since when something waits."""
        self._timer: Handle = env.call_later(self._period_ms, self._look)

    def stop(self) -> None:
        """To be called when the connection is lost, or somebody else watches it. Idempotent."""
        self._timer.cancel()

    def _look(self) -> None:
        marks = self._marks
        if self._transport.get_write_buffer_size():
            marks.append(self._acknowledged())
        else:
            marks.clear()
        if len(marks) > _LOOKS and marks[-1] - marks[0] < self._bytes_min:
            self._reset()
        else:
            self._timer = self._env.call_later(self._period_ms, self._look)

    def _acknowledged(self) -> int:
        """The bytes that have reached the other side, since the connection was made."""
        connection = self._transport.get_extra_info("socket")
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        count: int = _ACKNOWLEDGED.unpack_from(told, _ACKNOWLEDGED_AT)[0]
        return count

    def _reset(self) -> None:
        connection = self._transport.get_extra_info("socket")
        # Else the system would go on offering what it has taken from us.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

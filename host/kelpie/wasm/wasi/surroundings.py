"""What one guest has of WASI: its clocks, what it waits for, its unfinished lines."""

from __future__ import annotations

from kelpie.errors import GuestLimitExceeded, KelpieError
from kelpie.wasm.collector import Collector
from kelpie.wasm.turn import Level, LogLine

__all__ = ["INPUT", "OUTPUT", "ERROR_OUTPUT", "Surroundings"]

# The streams, as the guest's handles name them.
INPUT, OUTPUT, ERROR_OUTPUT = 0, 1, 2
_LEVELS: dict[int, Level] = {OUTPUT: "info", ERROR_OUTPUT: "warn"}


class Surroundings:
    """The part that lasts as long as the instance does. All that the guest sees
    comes from its turns, so that the same turns make the same surroundings."""

    __slots__ = ("_collector", "_lines", "_next_pollable", "_slept_ns", "_steady_ns", "pollables")

    def __init__(self) -> None:
        self._collector: Collector | None = None
        self._slept_ns = 0
        self._steady_ns = 0
        self._lines = {OUTPUT: bytearray(), ERROR_OUTPUT: bytearray()}
        self._next_pollable = 1
        self.pollables: dict[int, int] = {}
        """When each is ready, by the steady clock."""

    def enter(self, collector: Collector) -> Collector:
        """Goes on in this turn."""
        if self._collector is not collector:
            self._collector = collector
            self._slept_ns = 0
            self._steady_ns = max(self._steady_ns, collector.turn.time_ns)
        return collector

    def leave(self, collector: Collector) -> KelpieError | None:
        """Ends the turn: what is no whole line yet is logged. Returns why the
        turn fails, if the log is full."""
        if self._collector is None:
            return None
        self._collector = None
        try:
            for stream, line in self._lines.items():
                if line:
                    self._lines[stream] = bytearray()
                    self._log(stream, bytes(line), collector)
        except GuestLimitExceeded as error:
            return error.with_traceback(None)
        return None

    def time_ns(self) -> int:
        """The turn's time, and what was slept in it."""
        assert self._collector is not None, "time is asked for in a turn"
        return self._collector.turn.time_ns + self._slept_ns

    def steady_ns(self) -> int:
        """The same, but never less than before."""
        return self._steady_ns

    def sleep_until(self, steady_ns: int) -> None:
        """Takes no time, and moves the guest's clocks on."""
        more = max(0, steady_ns - self._steady_ns)
        self._slept_ns += more
        self._steady_ns += more

    def new_pollable(self, ready_ns: int) -> int:
        """The handle of something that is ready then."""
        handle = self._next_pollable
        self._next_pollable += 1
        self.pollables[handle] = ready_ns
        return handle

    def write(self, stream: int, data: bytes, collector: Collector) -> None:
        """Logs each line that is whole now, and one that is as long as a line may be.

        Raises:
            GuestLimitExceeded: the log is full.
        """
        lines = self._lines[stream]
        lines += data
        *whole, rest = lines.split(b"\n")
        for line in whole:
            self._log(stream, bytes(line), collector)
        most = collector.limits.log_message_bytes_max
        while len(rest) > most:
            end = _end_of_character(rest, most)
            self._log(stream, bytes(rest[:end]), collector)
            rest = rest[end:]
        self._lines[stream] = rest

    def _log(self, stream: int, line: bytes, collector: Collector) -> None:
        most = collector.limits.log_message_bytes_max
        while True:
            end = _end_of_character(line, most) if len(line) > most else len(line)
            text = line[:end].decode(errors="replace")
            message = collector.turn.configuration.redact(text)
            collector.write_log(LogLine(_LEVELS[stream], message), end)
            line = line[end:]
            if not line:
                return


def _end_of_character(data: bytes | bytearray, most: int) -> int:
    """Where to cut, at `most` or just before, so that no character is cut in two."""
    for end in range(most, max(most - 4, 1), -1):
        if data[end] & 0xC0 != 0x80:
            return end
    return most

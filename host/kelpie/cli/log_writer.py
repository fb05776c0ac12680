"""Writing the log: whoever logs never waits for whoever reads it."""

from __future__ import annotations

import logging
import os
import select
from queue import Empty, SimpleQueue

from kelpie.cli.log_formats import word_for_people
from kelpie.env import ThreadedEnv
from kelpie.limits import Limits
from kelpie.meters.log import LogMeter

__all__ = ["LogWriter"]


class LogWriter(logging.Handler):
    """Writes log entries to a file descriptor, in a thread of its own.

    If nobody reads there, at most `log_waiting_bytes_max` wait; what comes then
    is dropped, and how many were is told once there is room again. Once the
    descriptor is broken, everything is dropped: there is nobody to tell.
    """

    def __init__(self, env: ThreadedEnv, descriptor: int, limits: Limits) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._limits = limits
        # Entries to write; a queue in their place is told when all before it is written.
        self._entries: SimpleQueue[bytes | SimpleQueue[None]] = SimpleQueue()
        # Each is changed by one side only: under the handler's lock, and by the thread.
        self._taken_bytes = 0
        self._written_bytes = 0
        self._dropped = 0
        self.meter = LogMeter()
        env.start_thread(self._write_all, "kelpie-log")

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`, under the handler's lock."""
        self._take(self.format(record))

    def say(self, told: str) -> None:
        """Writes a word for people among the entries. Never fails."""
        self._say(told, logging.INFO)

    def warn(self, told: str) -> None:
        """As `say`, of what should not be so."""
        self._say(told, logging.WARNING)

    def _say(self, told: str, level: int) -> None:
        self.acquire()
        try:
            self._take(self.format(word_for_people(told, level)))
        finally:
            self.release()

    def flush(self) -> None:
        """Waits until all is written that was taken, for at most `log_flush_ms_max`.

        `logging` calls it when the process ends.
        """
        self.acquire()
        try:
            if self._dropped and self._put(self._notice().rstrip("\n")):
                self._dropped = 0
        finally:
            self.release()
        reached: SimpleQueue[None] = SimpleQueue()
        self._entries.put(reached)
        try:
            reached.get(timeout=self._limits.log_flush_ms_max / 1000)
        except Empty:
            return  # nobody reads it: the rest is lost with this process

    def _take(self, told: str) -> None:
        # Together, or a notice would take the room that an entry needs, and the
        # log would have notices alone.
        if self._put(self._notice() + told):
            self._dropped = 0
        else:
            self._dropped += 1
            self.meter.dropped += 1

    def _notice(self) -> str:
        """Says how many entries were dropped since the last one, if any."""
        if not self._dropped:
            return ""
        message = f"{self._dropped} log entries were dropped: nobody read them in time"
        notice = logging.LogRecord("kelpie.log", logging.WARNING, "", 0, message, None, None)
        return self.format(notice) + "\n"

    def _put(self, told: str) -> bool:
        entry = told.encode("utf-8", "backslashreplace") + b"\n"
        waiting = self._taken_bytes - self._written_bytes
        if waiting + len(entry) > self._limits.log_waiting_bytes_max:
            return False
        self._taken_bytes += len(entry)
        self._entries.put(entry)
        return True

    def _write_all(self) -> None:
        """The thread's work, to the end of the process."""
        broken = False
        while True:
            entries, reached = self._waiting()
            if not broken:
                broken = not self._write(entries)
            self._written_bytes += len(entries)
            if reached is not None:
                reached.put(None)

    def _waiting(self) -> tuple[bytes, SimpleQueue[None] | None]:
        """Waits for an entry, and takes all that are there; and whoever waits for them.

        Under load many come together: one call of the system writes them.
        """
        entries: list[bytes] = []
        entry = self._entries.get()
        while isinstance(entry, bytes):
            entries.append(entry)
            try:
                entry = self._entries.get_nowait()
            except Empty:
                return b"".join(entries), None
        return b"".join(entries), entry

    def _write(self, entries: bytes) -> bool:
        # Not through sys.stderr: the interpreter could not exit while a thread
        # waits inside of it.
        rest = memoryview(entries)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # somebody has made it not wait
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True

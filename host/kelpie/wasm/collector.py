"""What one turn does, collected while it runs, against the limits of a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kelpie.errors import GuestLimitExceeded, KelpieError, ReadOnlyViolation
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.wasm.entropy import EntropyKeys, EntropyStream
from kelpie.wasm.outgoing import Outgoing, Send
from kelpie.wasm.schedule import SetReminder
from kelpie.wasm.turn import Effects, HostCall, LogLine, Turn

__all__ = ["Collector", "Suspension"]


class Suspension:
    """A guest that waits on its fiber for the answer to a host call.

    `finish` takes the answer and writes the call's result. The engine asks
    `settled` when it is polled. `timed` says that the wait counts as the turn's
    own time.
    """

    __slots__ = ("answer", "awaitable", "error", "error_return", "finish", "settled", "timed")

    def __init__(
        self,
        awaitable: Awaitable[object],
        finish: Callable[[object], None],
        *,
        timed: bool = True,
    ) -> None:
        self.awaitable = awaitable
        self.finish = finish
        self.timed = timed
        self.settled = False
        self.answer: object = None
        self.error: BaseException | None = None
        self.error_return = 0

    async def settle(self) -> None:
        """Waits for the answer, or for the error in its place."""
        try:
            self.answer = await self.awaitable
        except asyncio.CancelledError as error:
            waiting = asyncio.current_task()
            if waiting is None or waiting.cancelling():
                raise
            # Not this wait was cancelled, but what it waited for.
            self.error = error
        except Exception as error:  # noqa: BLE001 - raised again where the guest resumes
            self.error = error
        self.settled = True


class Collector:
    """The effects, journal and log of a turn in progress."""

    __slots__ = (
        "effects",
        "entropy",
        "journal",
        "limits",
        "log",
        "log_bytes",
        "moved_bytes",
        "suspension",
        "turn",
        "write_bytes",
    )

    def __init__(self, turn: Turn, limits: Limits) -> None:
        self.turn = turn
        self.limits = limits
        self.effects = Effects()
        self.journal = turn.journal
        self.log: list[LogLine] = []
        self.log_bytes = 0
        self.moved_bytes = 0
        self.write_bytes = 0
        self.entropy: EntropyStream | None = None
        self.suspension: Suspension | None = None

    def record(self, name: str, arguments: tuple[object, ...], result: object, size: int) -> None:
        """Adds a host call to the journal; `size` is what it moved, in bytes.

        Raises:
            GuestLimitExceeded: it is one too many, or too much.
        """
        limits = self.limits
        journal = self.journal
        self.moved_bytes += size
        if len(journal) >= limits.turn_host_calls_max:
            raise _exceeded(
                "turn_host_calls_max", len(journal) + 1, limits.turn_host_calls_max, "host calls"
            )
        if self.moved_bytes > limits.turn_host_call_bytes_max:
            raise _exceeded(
                "turn_host_call_bytes_max",
                self.moved_bytes,
                limits.turn_host_call_bytes_max,
                "bytes in host calls",
            )
        journal.append(HostCall(name, arguments, result))

    def check_may_change(self, name: str) -> None:
        """
        Raises:
            ReadOnlyViolation: the turn's operation is read-only.
        """
        if self.turn.read_only:
            raise ReadOnlyViolation(
                f"the operation {self.turn.operation!r} is read-only, and called {name}"
            )

    def state(self) -> Payload | None:
        """The actor's state as the turn sees it."""
        effects = self.effects
        return effects.state if effects.state_written else self.turn.state

    def write_state(self, value: Payload | None) -> None:
        effects = self.effects
        self._charge_write(_size(value) - _size(effects.state))
        effects.state_written = True
        effects.state = value

    def write_key(self, key: bytes, value: Payload | None) -> None:
        """Sets the key, or deletes it (None)."""
        writes = self.effects.kv
        more = _size(value)
        if key in writes:
            more -= _size(writes[key])
        else:
            more += len(key)
            if len(writes) >= self.limits.turn_writes_max:
                raise _exceeded(
                    "turn_writes_max", len(writes) + 1, self.limits.turn_writes_max, "keys written"
                )
        self._charge_write(more)
        writes[key] = value

    def outgoing(self) -> Outgoing:
        """What the turn sends, and sets for itself, so far."""
        outgoing = self.effects.outgoing
        if outgoing is None:
            outgoing = self.effects.outgoing = Outgoing()
        return outgoing

    def write_reminder(self, name: str, reminder: SetReminder | None) -> None:
        """Sets a reminder, or cancels it (None)."""
        reminders = self.outgoing().reminders
        self._charge_write(
            _reminder_size(name, reminder) - _reminder_size(name, reminders.get(name))
        )
        reminders[name] = reminder

    def send(self, send: Send) -> None:
        """Adds a message to those that leave with the turn."""
        outgoing = self.outgoing()
        maximum = self.limits.turn_sends_max
        if len(outgoing.sends) >= maximum:
            raise _exceeded("turn_sends_max", len(outgoing.sends) + 1, maximum, "messages sent")
        size = send.size
        self._charge_write(size)
        outgoing.sends.append(send)
        outgoing.bytes += size

    def write_log(self, line: LogLine, size: int) -> None:
        limits = self.limits
        if len(self.log) >= limits.log_lines_max:
            raise _exceeded("log_lines_max", len(self.log) + 1, limits.log_lines_max, "log lines")
        self.log_bytes += size
        if self.log_bytes > limits.log_bytes_max:
            raise _exceeded("log_bytes_max", self.log_bytes, limits.log_bytes_max, "bytes of log")
        self.log.append(line)

    def draw_entropy(self, count: int) -> bytes:
        if self.entropy is None:
            self.entropy = EntropyStream(self._entropy_keys().turn)
        return self.entropy.draw(count)

    def begin_entropy(self) -> None:
        """From now on draws what an instance gets as it begins."""
        self.entropy = EntropyStream(self._entropy_keys().beginning)

    def _entropy_keys(self) -> EntropyKeys:
        return self.turn.entropy_keys or EntropyKeys.of(self.turn.entropy_seed)

    def check_reply(self, reply: Payload) -> None:
        self._charge_write(len(reply.data))

    def _charge_write(self, more: int) -> None:
        self.write_bytes += more
        maximum = self.limits.turn_write_bytes_max
        if self.write_bytes > maximum:
            raise _exceeded("turn_write_bytes_max", self.write_bytes, maximum, "bytes written")


def _size(value: Payload | None) -> int:
    return len(value.data) if value is not None else 0


def _reminder_size(name: str, reminder: SetReminder | None) -> int:
    return 0 if reminder is None else len(name.encode()) + len(reminder.argument.data)


def _exceeded(limit: str, count: int, maximum: int, what: str) -> KelpieError:
    return GuestLimitExceeded(
        f"{count} {what} in one turn are over the limit {limit} of {maximum}",
        limit=limit,
        size=count,
        maximum=maximum,
    )

"""Other actors, and oneself later."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from kelpie_actor.addresses import Address
from kelpie_actor.host import Host, Missed, Schedule
from kelpie_actor.passing import passed_text
from kelpie_actor.payloads import argument_payload, typed_value

__all__ = ["Messaging"]


def _milliseconds(time: datetime.timedelta) -> int:
    found = time // datetime.timedelta(milliseconds=1)
    if found < 0:
        raise ValueError("a time that something is to take is not negative")
    return found


def _checked(target: Address, operation: str) -> None:
    namespace, kind, key = target
    passed_text(namespace, "a namespace")
    passed_text(kind, "a kind")
    passed_text(key, "a key")
    passed_text(operation, "an operation")


class Messaging:
    """Messages to other actors. Each method raises `MessagingError` if nothing comes of
    it. An argument is anything that can be JSON, or `bytes` for the binary lane."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    def call(
        self,
        target: Address,
        operation: str,
        argument: object = None,
        *,
        key: str | None = None,
        returns: Any = Any,
    ) -> Any:
        """Asks another actor and waits for its reply, which is read as `returns` says.

        When the turn is run again after a crash, the other actor does the work once: a
        call is known by its place in the turn, or by `key`.
        """
        _checked(target, operation)
        if key is not None:
            passed_text(key, "a key")
        reply = self._host.call(target, operation, argument_payload(argument), key)
        return typed_value(reply, returns, f"the reply of {target.kind} to {operation}")

    def send(self, target: Address, operation: str, argument: object = None) -> None:
        """Sends a message when this turn commits, and not if it does not. Delivered
        once, in order per pair of sender and receiver."""
        _checked(target, operation)
        self._host.send(target, operation, argument_payload(argument))

    def send_after(
        self,
        target: Address,
        operation: str,
        argument: object = None,
        *,
        delay: datetime.timedelta,
    ) -> None:
        """Like `send`, not before `delay` (in whole milliseconds) after this turn's time."""
        _checked(target, operation)
        payload = argument_payload(argument)
        self._host.send_after(target, operation, payload, _milliseconds(delay))

    def request(
        self, target: Address, operation: str, argument: object = None, *, continuation: str
    ) -> None:
        """Like `send`; the reply, or failure, comes back later as a turn of this actor's
        operation `continuation`."""
        _checked(target, operation)
        passed_text(continuation, "a continuation")
        self._host.request(target, operation, argument_payload(argument), continuation)

    def remind(
        self,
        name: str,
        operation: str,
        argument: object = None,
        *,
        after: datetime.timedelta | None = None,
        every: datetime.timedelta | None = None,
        cron: tuple[str, str] | None = None,
        missed: Literal["fire-once", "skip"] = "fire-once",
    ) -> None:
        """Sets the reminder of this name, or replaces it: a turn of `operation` once
        `after` a time, `every` so often, or by a `cron` expression of five fields and an
        IANA time zone. `missed` tells what becomes of times when nothing could run."""
        schedules: list[Schedule] = []
        if after is not None:
            schedules.append(("after-ms", _milliseconds(after)))
        if every is not None:
            schedules.append(("every-ms", _milliseconds(every)))
        if cron is not None:
            expression, zone = cron
            passed_text(expression, "a cron expression")
            passed_text(zone, "a time zone")
            schedules.append(("cron", (expression, zone)))
        if len(schedules) != 1:
            raise ValueError("a reminder has one of after, every and cron")
        if missed not in ("fire-once", "skip"):
            raise ValueError(f"missed is fire-once or skip, not {missed!r}")
        passed_text(name, "a name")
        passed_text(operation, "an operation")
        when: Missed = missed
        self._host.remind(name, schedules[0], when, operation, argument_payload(argument))

    def cancel_reminder(self, name: str) -> bool:
        """Whether there was one to cancel."""
        return self._host.cancel_reminder(passed_text(name, "a name"))

    def reminders(self) -> list[str]:
        """The names of this actor's reminders, in order."""
        return self._host.reminders()

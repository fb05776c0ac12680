"""When a reminder is due, as the contract says it, and what one is set to do."""

from __future__ import annotations

from typing import Literal, NamedTuple

from kelpie.ids import Payload

__all__ = ["Missed", "Schedule", "SetReminder"]

Missed = Literal["fire-once", "skip"]


class Schedule(NamedTuple):
    """`after-ms` and `every-ms` have a number; `cron` an expression and a time zone."""

    sort: Literal["after-ms", "every-ms", "cron"]
    ms: int = 0
    expression: str = ""
    zone: str = ""


class SetReminder(NamedTuple):
    schedule: Schedule
    missed: Missed
    operation: str
    argument: Payload

"""When reminders are due: intervals, and cron in a time zone.

Times are milliseconds since 1970. A cron expression is read as Debian's cron
does: a daily time that a clock skips, as it is put forward, is due right behind
the gap; one that comes twice, as it is put back, is due the first time; and
what is due every hour, or oftener, goes by the time that passes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from kelpie.limits import Limits
from kelpie.wasm.schedule import Schedule

__all__ = ["first_due_ms", "next_due_ms", "why_never_due"]

_FIELDS = 5


def why_never_due(schedule: Schedule, limits: Limits) -> str | None:
    """What is wrong with a schedule; None if nothing is."""
    ms_max = limits.reminder_after_ms_max
    if schedule.ms > ms_max:
        return f"{schedule.ms} ms are over the limit reminder_after_ms_max ({ms_max})"
    if schedule.sort == "every-ms" and schedule.ms < limits.reminder_period_ms_min:
        return (
            f"a reminder every {schedule.ms} ms is more than reminder_period_ms_min "
            f"({limits.reminder_period_ms_min}) allows"
        )
    if schedule.sort != "cron":
        return None
    try:
        zone = _zone(schedule.zone)
        _ticks(schedule.expression, datetime(2000, 1, 1, tzinfo=zone))
    except _Invalid as error:
        return str(error)
    return None


def first_due_ms(schedule: Schedule, now_ms: int) -> int | None:
    """When a reminder is due that is set now; None if never."""
    if schedule.sort == "cron":
        return next_due_ms(schedule, now_ms, now_ms)
    return now_ms + schedule.ms


def next_due_ms(schedule: Schedule, due_ms: int, now_ms: int) -> int | None:
    """When a reminder is due again that was due then: the first time behind now,
    and behind that; None if never."""
    behind_ms = max(due_ms, now_ms)
    match schedule.sort:
        case "after-ms":
            return None
        case "every-ms":
            periods = (behind_ms - due_ms) // schedule.ms + 1
            return due_ms + periods * schedule.ms
    zone = _zone(schedule.zone)
    behind = datetime.fromtimestamp(behind_ms // 1_000, UTC).astimezone(zone)
    due = next(_ticks(schedule.expression, behind), None)
    return None if due is None else int(due.timestamp()) * 1_000


class _Invalid(ValueError):
    pass


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise _Invalid(
            f"there is no time zone {name[:80]!a}: give an IANA name, as in Europe/Berlin or UTC"
        ) from None


def _ticks(expression: str, behind: datetime) -> CronSim:
    fields = len(expression.split())
    if fields != _FIELDS:
        raise _Invalid(
            f"{expression[:80]!a} has {fields} fields; a cron expression has five: minute, hour, "
            "day of the month, month, day of the week"
        )
    try:
        return CronSim(expression, behind)
    except CronSimError as error:
        raise _Invalid(f"{expression[:80]!a} is no cron expression: {error}") from None

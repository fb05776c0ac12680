"""Host calls on reminders: effects of the turn, which keep for as long as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.library import VALUE_BYTES, Kind
from kelpie.wasm.marshalling import over_limit, read_payload, read_text
from kelpie.wasm.native_values import Composer, decode
from kelpie.wasm.schedule import Missed, Schedule, SetReminder

__all__ = ["REMINDING_CALLS", "names_seen", "why_not_set"]

WaitingCall = Callable[[Collector, int, int], Suspension | None]


def _remind(collector: Collector, arguments: int, results: int) -> Suspension | None:
    collector.check_may_change("messaging.remind")
    limits = collector.limits
    name = _read_name(collector, arguments)
    schedule = _read_schedule(collector, arguments + VALUE_BYTES)
    missed = cast("Missed", decode(arguments + 2 * VALUE_BYTES))
    operation = read_text(
        arguments + 3 * VALUE_BYTES, limits.operation_name_bytes_max, "operation_name_bytes_max"
    ).decode()
    argument = read_payload(
        arguments + 4 * VALUE_BYTES,
        limits.reminder_argument_bytes_max,
        "reminder_argument_bytes_max",
        limits.binary_bytes_max,
    )
    asked = SetReminder(schedule, missed, operation, argument)

    def finish(answer: object) -> None:
        names = names_seen(collector, answer)
        wrong = why_not_set(collector, name, asked, names)
        failure = None if wrong is None else ("failed", wrong)
        size = len(name.encode()) + len(argument.data)
        collector.record("messaging.remind", (name, *asked), failure or "ok", size)
        if failure is None:
            collector.write_reminder(name, asked)
        _write(results, failure, None)

    return _with_names(collector, finish)


def _cancel(collector: Collector, arguments: int, results: int) -> Suspension | None:
    collector.check_may_change("messaging.cancel-reminder")
    name = _read_name(collector, arguments)

    def finish(answer: object) -> None:
        found = name in names_seen(collector, answer)
        collector.record("messaging.cancel-reminder", (name,), found, len(name.encode()))
        if found:
            collector.write_reminder(name, None)
        _write(results, None, lambda composer: composer.number(Kind.BOOL, int(found)))

    return _with_names(collector, finish)


def _reminders(collector: Collector, _arguments: int, results: int) -> Suspension | None:
    def finish(answer: object) -> None:
        names = sorted(names_seen(collector, answer), key=str.encode)
        size = sum(len(each.encode()) for each in names)
        collector.record("messaging.reminders", (), tuple(names), size)
        _write(
            results,
            None,
            lambda composer: composer.listing([composer.text(each.encode()) for each in names]),
        )

    return _with_names(collector, finish)


REMINDING_CALLS: list[tuple[str, WaitingCall]] = [
    ("remind", _remind),
    ("cancel-reminder", _cancel),
    ("reminders", _reminders),
]


def _with_names(collector: Collector, finish: Callable[[object], None]) -> Suspension | None:
    """Goes on with the names of the reminders that earlier turns have left."""
    names = collector.turn.answers.reminder_names()
    if isinstance(names, Awaitable):
        return Suspension(names, finish)
    finish(names)
    return None


def names_seen(collector: Collector, answer: object) -> set[str]:
    """The names of the reminders that the turn sees."""
    names = set(cast("frozenset[str]", answer))
    outgoing = collector.effects.outgoing
    if outgoing is not None:
        for name, reminder in outgoing.reminders.items():
            if reminder is None:
                names.discard(name)
            else:
                names.add(name)
    return names


def why_not_set(collector: Collector, name: str, asked: SetReminder, names: set[str]) -> str | None:
    """Why the reminder cannot be set; None if nothing is wrong with it."""
    if not name:
        return "the name of a reminder is empty: give it at least one character"
    if not asked.operation:
        return "an operation's name is empty: give it at least one character"
    reminders_max = collector.limits.reminders_max
    if name not in names and len(names) >= reminders_max:
        return f"the actor has {len(names)} reminders, and may have {reminders_max} (reminders_max)"
    return collector.turn.answers.why_never_due(asked.schedule)


def _read_name(collector: Collector, address: int) -> str:
    maximum = collector.limits.reminder_name_bytes_max
    return read_text(address, maximum, "reminder_name_bytes_max").decode()


def _read_schedule(collector: Collector, address: int) -> Schedule:
    sort, value = cast("tuple[str, object]", decode(address))
    if sort != "cron":
        assert isinstance(value, int)
        return Schedule("every-ms" if sort == "every-ms" else "after-ms", value)
    expression, zone = cast("tuple[str, str]", value)
    maximum = collector.limits.reminder_cron_bytes_max
    for each in (expression, zone):
        if len(each.encode()) > maximum:
            raise over_limit("reminder_cron_bytes_max", len(each.encode()), maximum)
    return Schedule("cron", expression=expression, zone=zone)


def _write(
    results: int,
    failure: tuple[str, str] | None,
    value: Callable[[Composer], bytes] | None,
) -> None:
    composer = Composer()
    if failure is not None:
        told = composer.variant(failure[0].encode(), composer.text(failure[1].encode()))
        composer.write(composer.result(ok=False, value=told), results)
    else:
        made = None if value is None else value(composer)
        composer.write(composer.result(ok=True, value=made), results)

"""Messages to other actors, and reminders, of an actor of this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from kelpie.ids import Address, Payload
from kelpie.native.payloads import checked, checked_text
from kelpie.wasm.calls_reminding import names_seen, why_not_set
from kelpie.wasm.calls_sending import also_asked, why_undeliverable
from kelpie.wasm.collector import Collector
from kelpie.wasm.outgoing import Send
from kelpie.wasm.schedule import Schedule, SetReminder
from kelpie.wasm.turn import Failure
from kelpie_actor import host as sdk
from kelpie_actor.addresses import Address as SdkAddress
from kelpie_actor.errors import MessagingError

__all__ = ["call", "cancel", "fail", "leave", "remind", "reminders"]

Await = Callable[[Any], Any]


def call(
    turn: Collector,
    wait: Await,
    target: SdkAddress,
    operation: str,
    argument: sdk.Payload,
    key: str | None,
) -> Payload | Failure:
    turn.check_may_change("messaging.call")
    limits = turn.limits
    asked = _address(turn, target)
    _operation(turn, operation)
    given = checked(turn, argument, limits.payload_bytes_max, "payload_bytes_max")
    if key is not None:
        checked_text(key, limits.call_key_bytes_max, "call_key_bytes_max")
    answer: Payload | Failure = wait(turn.turn.answers.call(asked, operation, given, key))
    content = answer.data if isinstance(answer, Payload) else answer.message
    size = len(operation) + len(given.data) + len(content)
    turn.record("messaging.call", (asked, operation, given, key), answer, size)
    return answer


def leave(
    turn: Collector,
    wait: Await,
    name: str,
    target: SdkAddress,
    operation: str,
    argument: sdk.Payload,
    *,
    delay_ms: int = 0,
    continuation: str | None = None,
) -> Failure | None:
    """Adds a message to what the turn sends; why not, if it may not be sent."""
    limits = turn.limits
    for each in (operation, continuation or ""):
        _operation(turn, each)
    given = checked(turn, argument, limits.payload_bytes_max, "payload_bytes_max")
    send = Send(_address(turn, target), operation, given, delay_ms, continuation)
    turn.check_may_change(name)
    failure: Failure | None
    if (wrong := why_undeliverable(send, turn)) is not None:
        failure = Failure("failed", wrong)
    else:
        outgoing = turn.effects.outgoing
        letters, size = (0, 0) if outgoing is None else (len(outgoing.sends), outgoing.bytes)
        answers = turn.turn.answers
        failure = wait(answers.refuses_send(send.target, letters + 1, size + send.size))
    turn.record(name, (*send[:3], *also_asked(name, send)), failure or "ok", send.size)
    if failure is None:
        turn.send(send)
    return failure


def remind(
    turn: Collector,
    wait: Await,
    name: str,
    schedule: sdk.Schedule,
    missed: sdk.Missed,
    operation: str,
    argument: sdk.Payload,
) -> Failure | None:
    turn.check_may_change("messaging.remind")
    limits = turn.limits
    size = len(_reminder(turn, name))
    _operation(turn, operation)
    maximum = limits.reminder_argument_bytes_max
    given = checked(turn, argument, maximum, "reminder_argument_bytes_max")
    asked = SetReminder(_schedule(turn, schedule), missed, operation, given)
    names = names_seen(turn, wait(turn.turn.answers.reminder_names()))
    wrong = why_not_set(turn, name, asked, names)
    failure = None if wrong is None else ("failed", wrong)
    turn.record("messaging.remind", (name, *asked), failure or "ok", size + len(given.data))
    if wrong is not None:
        return Failure("failed", wrong)
    turn.write_reminder(name, asked)
    return None


def cancel(turn: Collector, wait: Await, name: str) -> bool:
    turn.check_may_change("messaging.cancel-reminder")
    size = len(_reminder(turn, name))
    found = name in names_seen(turn, wait(turn.turn.answers.reminder_names()))
    turn.record("messaging.cancel-reminder", (name,), found, size)
    if found:
        turn.write_reminder(name, None)
    return found


def reminders(turn: Collector, wait: Await) -> list[str]:
    names = sorted(names_seen(turn, wait(turn.turn.answers.reminder_names())), key=str.encode)
    size = sum(len(each.encode()) for each in names)
    turn.record("messaging.reminders", (), tuple(names), size)
    return names


def fail(failure: Failure) -> NoReturn:
    """What the actor is told of it."""
    raise MessagingError(failure.case, failure.message, failure.code or None)


def _address(turn: Collector, target: SdkAddress) -> Address:
    """As it was given: whether it can be one is not looked at."""
    limits = turn.limits
    namespace, kind, key = target
    for each in (namespace, kind):
        checked_text(each, limits.name_bytes_max, "name_bytes_max")
    checked_text(key, limits.actor_key_bytes_max, "actor_key_bytes_max")
    return Address(namespace, kind, key)


def _operation(turn: Collector, name: str) -> None:
    checked_text(name, turn.limits.operation_name_bytes_max, "operation_name_bytes_max")


def _reminder(turn: Collector, name: str) -> bytes:
    return checked_text(name, turn.limits.reminder_name_bytes_max, "reminder_name_bytes_max")


def _schedule(turn: Collector, schedule: sdk.Schedule) -> Schedule:
    if schedule[0] != "cron":
        return Schedule(schedule[0], schedule[1])
    expression, zone = schedule[1]
    for each in (expression, zone):
        checked_text(each, turn.limits.reminder_cron_bytes_max, "reminder_cron_bytes_max")
    return Schedule("cron", expression=expression, zone=zone)

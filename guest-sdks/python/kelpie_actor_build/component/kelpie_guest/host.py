"""The host, over the imports of the component."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from kelpie_actor.addresses import ActorCaller, Address, Caller, ClientCaller, ReminderCaller
from kelpie_actor.errors import MessagingError
from kelpie_actor.host import Level, Missed, Payload, Schedule
from kelpie_actor.log import Log
from kelpie_actor.passing import shown_text
from kelpie_guest.bindings import Bytes, Enumerated, Err, Text, interface, straight, types

__all__ = ["GuestHost", "GuestLog"]

_KINDS = {
    types.Failure_Failed: "failed",
    types.Failure_Unavailable: "unavailable",
    types.Failure_Unknown: "unknown",
}


class _Absent:
    """Stands for an interface that the component does not import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, _function: str) -> Any:
        raise RuntimeError(
            f"this component was built without the import {self._name}, as its sources did not "
            f'seem to use it: add imports = ["{self._name}"] to [tool.kelpie] in pyproject.toml'
        )


def _imported(name: str) -> Any:
    return interface(name) or _Absent(name)


_state, _kv, _messaging = _imported("state"), _imported("kv"), _imported("messaging")
_clock, _entropy, _log = _imported("clock"), _imported("entropy"), _imported("log")
_identity, _config, _secrets = _imported("identity"), _imported("config"), _imported("secrets")
# Every component imports the log. An enum looks its members up in Python, which takes longer.
_LEVELS = {level.name.lower(): Enumerated(level.value) for level in _log.Level}
_DEBUG, _INFO, _WARN, _ERROR = (_LEVELS[level] for level in ("debug", "info", "warn", "error"))

# Most turns save, and write to the log: what these are called with is made once.
_line: list[Any] = [_INFO, ""]
_write_line = straight(_log.write, _line)
_saved = Text("")
_save_text = straight(_state.save, [_saved]) if isinstance(_state, ModuleType) else None


def _write(level: Enumerated, message: str) -> None:
    _line[0], _line[1] = level, message
    _write_line()


def _value(payload: Payload) -> Any:
    return Text(payload) if isinstance(payload, str) else Bytes(bytes(payload))


def _payload(value: Any) -> Any:
    return None if value is None else value.value


def _asked(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Err as error:
        raise _messaging_error(error.value) from None


def _messaging_error(failure: Any) -> MessagingError:
    if isinstance(failure, types.Failure_Rejected):
        return MessagingError("rejected", failure.value.message, failure.value.code)
    return MessagingError(_KINDS[type(failure)], failure.value)  # type: ignore[arg-type]


def _target(address: Address) -> Any:
    return types.Address(*address)


class GuestHost:
    """See `kelpie_actor.host.Host`."""

    __slots__ = ()

    def state_load(self) -> Payload | None:
        return _payload(_state.load())  # type: ignore[no-any-return]

    def state_save(self, value: Payload) -> None:
        if type(value) is str and _save_text is not None:
            _saved.value = value
            _save_text()
        else:
            _state.save(_value(value))

    def state_clear(self) -> None:
        _state.clear()

    def kv_get(self, key: str) -> Payload | None:
        return _payload(_kv.get(key))  # type: ignore[no-any-return]

    def kv_set(self, key: str, value: Payload) -> None:
        _kv.set(key, _value(value))

    def kv_delete(self, key: str) -> None:
        _kv.delete(key)

    def kv_list(
        self, prefix: str, after: str | None, limit: int, reverse: bool
    ) -> tuple[list[tuple[str, Payload]], bool]:
        page = _kv.list(prefix, after, limit, reverse)
        return [(entry.key, entry.value.value) for entry in page.entries], page.more

    def call(self, target: Address, operation: str, argument: Payload, key: str | None) -> Payload:
        reply = _asked(_messaging.call, _target(target), operation, _value(argument), key)
        return reply.value  # type: ignore[no-any-return]

    def send(self, target: Address, operation: str, argument: Payload) -> None:
        _asked(_messaging.send, _target(target), operation, _value(argument))

    def send_after(self, target: Address, operation: str, argument: Payload, delay_ms: int) -> None:
        _asked(_messaging.send_after, _target(target), operation, _value(argument), delay_ms)

    def request(
        self, target: Address, operation: str, argument: Payload, continuation: str
    ) -> None:
        _asked(_messaging.request, _target(target), operation, _value(argument), continuation)

    def remind(
        self, name: str, schedule: Schedule, missed: Missed, operation: str, argument: Payload
    ) -> None:
        how, when = schedule
        made = {
            "after-ms": _messaging.Schedule_AfterMs,
            "every-ms": _messaging.Schedule_EveryMs,
            "cron": _messaging.Schedule_Cron,
        }[how](when)
        late = _messaging.Missed.SKIP if missed == "skip" else _messaging.Missed.FIRE_ONCE
        _asked(_messaging.remind, name, made, late, operation, _value(argument))

    def cancel_reminder(self, name: str) -> bool:
        return _asked(_messaging.cancel_reminder, name)  # type: ignore[no-any-return]

    def reminders(self) -> list[str]:
        return _asked(_messaging.reminders)  # type: ignore[no-any-return]

    def now(self) -> int:
        return _clock.now()  # type: ignore[no-any-return]

    def entropy_bytes(self, length: int) -> bytes:
        return _entropy.get_bytes(length)  # type: ignore[no-any-return]

    def entropy_u64(self) -> int:
        return _entropy.get_u64()  # type: ignore[no-any-return]

    def entropy_uuid(self) -> str:
        return _entropy.get_uuid()  # type: ignore[no-any-return]

    def log(self, level: Level, message: str) -> None:
        _write(_LEVELS[level], message)

    def self_address(self) -> Address:
        found = _identity.self_address()
        return Address(found.namespace, found.kind, found.key)

    def turn(self) -> int:
        return _identity.turn()  # type: ignore[no-any-return]

    def request_id(self) -> str:
        return _identity.request_id()  # type: ignore[no-any-return]

    def caller(self) -> Caller:
        found = _identity.get_caller()
        if isinstance(found, _identity.Caller_Client):
            return ClientCaller(found.value)
        if isinstance(found, _identity.Caller_Actor):
            address = found.value
            return ActorCaller(Address(address.namespace, address.kind, address.key))
        return ReminderCaller(found.value)

    def config(self, name: str) -> str | None:
        return _config.get(name)  # type: ignore[no-any-return]

    def secret(self, name: str) -> str | None:
        return _secrets.get(name)  # type: ignore[no-any-return]


class GuestLog(Log):
    """The same, without a function on the way to the import: actors log much."""

    __slots__ = ()

    def debug(self, message: object) -> None:
        _write(_DEBUG, shown_text(message))

    def info(self, message: object) -> None:
        # Written out, for what is written most.
        text = str(message)
        _line[0], _line[1] = _INFO, text if text.isascii() else shown_text(text)
        _write_line()

    def warn(self, message: object) -> None:
        _write(_WARN, shown_text(message))

    def error(self, message: object) -> None:
        _write(_ERROR, shown_text(message))

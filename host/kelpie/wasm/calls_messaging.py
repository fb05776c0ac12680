"""Host calls to other actors that nobody waits for: not offered yet, and answered so."""

from __future__ import annotations

from collections.abc import Callable

from kelpie.wasm.collector import Collector
from kelpie.wasm.library import VALUE_BYTES
from kelpie.wasm.native_values import Composer, decode

__all__ = ["MESSAGING_CALLS", "unavailable"]

_MESSAGE = "this host does not offer it yet: surely not done"

# Each function, its number of parameters, and whether it changes anything.
MESSAGING_CALLS = (
    ("send", 3, True),
    ("send-after", 4, True),
    ("request", 4, True),
    ("remind", 5, True),
    ("cancel-reminder", 1, True),
    ("reminders", 0, False),
)


def unavailable(name: str, parameters: int, *, changes: bool) -> Callable[..., None]:
    """A host call that answers `failure.unavailable`."""
    full_name = f"messaging.{name}"

    def answer(collector: Collector, arguments: int, results: int) -> None:
        if changes:
            collector.check_may_change(full_name)
        asked = tuple(decode(arguments + VALUE_BYTES * index) for index in range(parameters))
        collector.record(full_name, asked, ("unavailable", _MESSAGE), _weight(asked))
        composer = Composer()
        failure = composer.variant(b"unavailable", composer.text(_MESSAGE.encode()))
        composer.write(composer.result(ok=False, value=failure), results)

    return answer


def _weight(value: object) -> int:
    """The bytes of text and binary in a decoded value."""
    match value:
        case str() | bytes():
            return len(value)
        case tuple():
            return sum(map(_weight, value))
        case dict():
            return sum(map(_weight, value.values()))
    return 0

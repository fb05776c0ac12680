"""A reminder as its actor keeps it."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.ids import Payload
from kelpie.runtime.requests.cause import Cause
from kelpie.store.packing import pack_value
from kelpie.store.rows import unpack_members
from kelpie.wasm.schedule import Missed, Schedule, SetReminder

__all__ = ["Reminder"]

_VERSION = 2
"""1: it does not say what its turns are caused by."""
_OLDER = {1: 8}


class Reminder(NamedTuple):
    schedule: Schedule
    missed: Missed
    operation: str
    argument: Payload
    due_ms: int
    turn: int
    """The number of the turn that set it, or in which it fired last: no two that
    an actor has had are the same."""
    cause: Cause
    """What its turns are caused by: the turn that set it."""
    fired: int = 0
    """How often."""
    last_error: str | None = None
    """What the latest of its turns came to, if that was an error: code and message."""

    @classmethod
    def of(cls, asked: SetReminder, due_ms: int, turn: int, cause: Cause) -> Reminder:
        return cls(*asked, due_ms=due_ms, turn=turn, cause=cause)

    def stored(self) -> bytes:
        value: bytes = pack_value((_VERSION, *self))
        return value

    @classmethod
    def read(cls, key: bytes, value: bytes) -> Reminder:
        """Raises:
        StoredValueCorrupt, StoreFormatUnsupported
        """
        members = unpack_members(key, value, _VERSION, len(cls._fields), _OLDER)
        schedule, missed, operation, argument, due_ms, turn, *rest = members
        cause = Cause(*rest.pop(0)) if len(members) == len(cls._fields) else Cause("reminder")
        return cls(
            Schedule(*schedule), missed, operation, Payload(*argument), due_ms, turn, cause, *rest
        )

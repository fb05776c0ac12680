"""`datetime`, by the time of the turn.

Its classes are C and cannot be changed, and they read the clock themselves. So the
module has classes in their place that are derived from them, and that take any date
for one of theirs.
"""

from __future__ import annotations

import datetime as module
from typing import Any

from kelpie_guest.turn import turn

__all__ = ["install"]


class _Stands(type):
    """The type of a class that stands in the place of another."""

    def __instancecheck__(cls, value: object) -> bool:
        original = cls.__dict__.get("_original")
        return type.__instancecheck__(cls if original is None else original, value)

    def __subclasscheck__(cls, kind: type) -> bool:
        original = cls.__dict__.get("_original")
        return type.__subclasscheck__(cls if original is None else original, kind)


class date(module.date, metaclass=_Stands):  # noqa: N801 - as it is known
    _original = module.date

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(turn.now_ns() // 1_000_000_000)

    def __repr__(self) -> str:
        return f"datetime.{super().__repr__()}"


class datetime(module.datetime, metaclass=_Stands):  # noqa: N801
    _original = module.datetime

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        now = turn.now_ns()
        whole = cls.fromtimestamp(now // 1_000_000_000, tz)
        return whole.replace(microsecond=now // 1000 % 1_000_000)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(module.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()

    def __repr__(self) -> str:
        return f"datetime.{super().__repr__()}"


def install() -> None:
    for kind in (date, datetime):
        kind.__module__ = "datetime"
        kind.__qualname__ = kind.__name__
        setattr(module, kind.__name__, kind)

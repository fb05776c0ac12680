"""`time`, by the time of the turn: it stands still, and `sleep` moves it at no cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from kelpie_guest.turn import turn

__all__ = ["install"]


def _seconds(*_clock: Any) -> float:
    return turn.now_ns() / 1_000_000_000


def _nanoseconds(*_clock: Any) -> int:
    return turn.now_ns()


def _none() -> float:
    return 0.0


def _none_ns() -> int:
    return 0


def _resolution(*_clock: Any) -> float:
    return 1e-9


def _clock_info(_name: str) -> Any:
    return SimpleNamespace(
        adjustable=False,
        implementation="the time of the turn",
        monotonic=True,
        resolution=1e-9,
    )


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    turn.sleep(round(seconds * 1_000_000_000))


def _from_now(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of seconds that takes the present ones if it is given none."""

    def called(seconds: float | None = None) -> Any:
        return function(turn.now_ns() // 1_000_000_000 if seconds is None else seconds)

    called.__name__ = function.__name__
    return called


def _of_time_tuple(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """A function whose last argument is a time tuple, that of now if it is left out."""

    def called(*arguments: Any) -> Any:
        if len(arguments) <= place:
            arguments = (*arguments, time.localtime())
        return function(*arguments)

    called.__name__ = function.__name__
    return called


def install() -> None:
    changed: dict[str, Callable[..., Any]] = {
        **dict.fromkeys(("time", "monotonic", "perf_counter", "clock_gettime"), _seconds),
        **dict.fromkeys(
            ("time_ns", "monotonic_ns", "perf_counter_ns", "clock_gettime_ns"), _nanoseconds
        ),
        **dict.fromkeys(("process_time", "thread_time"), _none),
        **dict.fromkeys(("process_time_ns", "thread_time_ns"), _none_ns),
        "clock_getres": _resolution,
        "get_clock_info": _clock_info,
        "sleep": _sleep,
        "localtime": _from_now(time.localtime),
        "gmtime": _from_now(time.gmtime),
        "ctime": _from_now(time.ctime),
        "asctime": _of_time_tuple(time.asctime, 0),
        "strftime": _of_time_tuple(time.strftime, 1),
    }
    for name, function in changed.items():
        if hasattr(time, name):
            setattr(time, name, function)

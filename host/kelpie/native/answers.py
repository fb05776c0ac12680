"""Waiting for what the host answers, within the time that a turn has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from kelpie.wasm.wall_time import WallTime

__all__ = ["TimedAnswers"]


class TimedAnswers:
    """Those to the host calls of one turn. An answer that is there at once is given as it is."""

    def __init__(self, wait: Callable[[Awaitable[Any]], Any], time: WallTime) -> None:
        self._wait = wait
        self._time = time

    def check(self) -> None:
        """
        Raises:
            TimeoutError: the turn's time is up.
        """
        self._time.check()

    def of_host(self, answer: Any) -> Any:
        """While it is waited for the time of the turn goes on.

        Raises:
            TimeoutError: it was up before there was an answer.
        """
        return self._wait(self._time.within(answer)) if isinstance(answer, Awaitable) else answer

    def of_actor(self, answer: Any) -> Any:
        """While it is waited for the time of the turn stands still."""
        return self._wait(self._time.beside(answer)) if isinstance(answer, Awaitable) else answer

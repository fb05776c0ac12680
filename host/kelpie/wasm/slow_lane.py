"""Fairness: guests that run long take turns, one slice an iteration of the loop.

A guest that was interrupted by the tick comes here before it runs on. However
many of them there are, each pass of the event loop runs at most one slice of
one of them, in rotation, so that whatever else is ready waits for one slice at
the most.
"""

from __future__ import annotations

import asyncio
from collections import deque

from kelpie.env import Env

__all__ = ["Pace", "SlowLane", "Stretch"]

# Passes of the loop between two slices: room for requests that take several.
_PASSES_BETWEEN = 4


class Pace:
    """How the latest turn of a component ran, whichever of its instances ran it.

    While its turns run long, the next one begins in the slow lane: else many of
    them that begin at once would each have a first slice in a single pass.
    """

    __slots__ = ("long",)

    def __init__(self) -> None:
        self.long = False


class Stretch:
    """For how long a guest has had the loop to itself.

    Host calls that are answered at once let nobody else run: a guest that makes
    them without end would keep the loop, though no slice of it is long.
    """

    __slots__ = ("_began_ns", "_env", "_others_ran")

    def __init__(self, env: Env) -> None:
        self._env = env
        self._begin()

    def length_ns(self) -> int:
        if self._others_ran:
            self._begin()
        return self._env.monotonic_ns() - self._began_ns

    def _begin(self) -> None:
        self._began_ns = self._env.monotonic_ns()
        self._others_ran = False
        self._env.call_soon(self._end)

    def _end(self) -> None:
        self._others_ran = True


class SlowLane:
    """The queue of guests that used up a slice."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._passes = 0
        self._scheduled = False

    def __len__(self) -> int:
        """How many guests wait for a slice."""
        return len(self._waiting)

    async def next_slice(self) -> None:
        """Returns when the caller may run its guest for one slice."""
        turn = self._env.future()
        self._waiting.append(turn)
        if not self._scheduled:
            self._scheduled = True
            self._env.call_soon(self._pass)
        await turn

    def _pass(self) -> None:
        """Once each pass of the loop while anyone waits."""
        self._passes += 1
        if self._passes >= _PASSES_BETWEEN:
            self._passes = 0
            self._wake_one()
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            self._env.call_soon(self._pass)

    def _wake_one(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # cancelled while it waited
                turn.set_result(None)
                return

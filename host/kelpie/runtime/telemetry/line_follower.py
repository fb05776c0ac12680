"""One reader of what is said: it may be slow, and then it is told what it has missed."""

from __future__ import annotations

import asyncio
from typing import Generic, NamedTuple, TypeVar

from kelpie.env import Env

__all__ = ["LineFollower", "Taken"]

Item = TypeVar("Item")


class Taken(NamedTuple, Generic[Item]):
    """What has come since the last time."""

    lines: list[Item]
    lost: int
    """How many more came after these, and had no room."""
    ended: bool
    """Nothing will come any more."""


class LineFollower(Generic[Item]):
    """A bounded queue with one reader. Belongs to the Env's loop."""

    def __init__(self, env: Env, bytes_max: int) -> None:
        self._env = env
        self._bytes_max = bytes_max
        self._lines: list[Item] = []
        self._bytes = 0
        self._lost = 0
        self._ended = False
        self._news: asyncio.Future[None] | None = None

    def add(self, line: Item, size: int) -> None:
        """Never waits: a line for which there is no room is lost, and so is what
        comes behind it until the reader has taken what there is."""
        if self._lost or self._bytes + size > self._bytes_max:
            self._lost += 1
        else:
            self._lines.append(line)
            self._bytes += size
        self._wake()

    def end(self) -> None:
        """Nothing will come any more. Idempotent."""
        self._ended = True
        self._wake()

    async def take(self, wait_ms: float) -> Taken[Item]:
        """All that is there; waits for something for at most `wait_ms`, and then
        returns nothing."""
        if not (self._lines or self._lost or self._ended):
            self._news = self._env.future()
            try:
                await self._env.within(wait_ms, self._news)
            except TimeoutError:
                pass
            finally:
                self._news = None
        taken = Taken(self._lines, self._lost, self._ended)
        self._lines, self._bytes, self._lost = [], 0, 0
        return taken

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

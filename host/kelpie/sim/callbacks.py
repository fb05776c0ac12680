"""What waits in a simulated world for its turn to run."""

from __future__ import annotations

import asyncio
from typing import Protocol

__all__ = ["Callback", "Elapsed"]


class Callback(Protocol):
    """As much of an `asyncio.Handle` as the loop needs."""

    def cancel(self) -> None: ...
    def cancelled(self) -> bool: ...
    def _run(self) -> None: ...


class Elapsed:
    """Wakes who waits for time to pass."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def cancel(self) -> None:
        """Nobody waits any more, or whoever does waits for ever."""

    def cancelled(self) -> bool:
        return self._future.done()

    def _run(self) -> None:
        self._future.set_result(None)

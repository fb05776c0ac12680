"""What a loop waits for that looks for work now and then, or when it is told."""

from __future__ import annotations

import asyncio

from kelpie.env import Env

__all__ = ["Bell"]


class Bell:
    """Rung, or left alone for long enough, it has the one who waits look again.

    What rings between `listen` and `heard` is heard: whoever listens before it
    looks misses nothing that comes meanwhile.
    """

    __slots__ = ("_env", "_rung")

    def __init__(self, env: Env) -> None:
        self._env = env
        self._rung: asyncio.Future[None] | None = None

    def listen(self) -> None:
        """Forgets what has rung so far."""
        self._rung = self._env.future()

    def ring(self) -> None:
        """To nobody, if nobody listens."""
        if self._rung is not None and not self._rung.done():
            self._rung.set_result(None)

    async def heard(self, within_ms: float | None) -> None:
        """Waits until it has rung, or for so long (None: for ever)."""
        assert self._rung is not None, "nobody listens"
        timer = None if within_ms is None else self._env.call_later(within_ms, self.ring)
        try:
            await self._rung
        finally:
            if timer is not None:
                timer.cancel()

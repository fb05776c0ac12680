"""A thread that goes on until it is cancelled."""

from __future__ import annotations

import threading

from kelpie.env import Thread

__all__ = ["Stoppable"]


class Stoppable:
    """A `Handle` of a thread that looks at `stop` again and again."""

    def __init__(self, stop: threading.Event, thread: Thread) -> None:
        self._stop = stop
        self._thread = thread

    def cancel(self) -> None:
        """Ends it. Blocks until it has ended."""
        self._stop.set()
        self._thread.join()

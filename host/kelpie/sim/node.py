"""A node of the simulated world: the callbacks that live and die together."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from enum import Enum, auto
from typing import Any, Final

from kelpie.env import Env
from kelpie.sim.callbacks import Callback

__all__ = ["NODE", "Life", "Node", "unheard", "unwind"]

_TASKS_PRUNED_AT: Final = 64


class Life(Enum):
    RUNNING = auto()
    PAUSED = auto()
    DEAD = auto()


class Node:
    """Who a callback belongs to. The loop decides by it what may run.

    `tasks` are held here until they are done: the loop of asyncio holds them
    weakly, and a task that the collector finds would run its cleanup at a
    moment that no tape has chosen.
    """

    __slots__ = ("_prune_at", "context", "env", "life", "name", "pauses", "ready", "tasks")

    def __init__(self, name: str) -> None:
        self.name = name
        self.life = Life.RUNNING
        self.pauses = 0
        """How often it was paused."""
        self.env: Env | None = None
        self.ready: deque[Callback] = deque()
        self.tasks: list[asyncio.Task[Any]] = []
        self.context: Context = copy_context()
        self.context.run(NODE.set, self)
        self._prune_at = _TASKS_PRUNED_AT

    def __repr__(self) -> str:
        return f"<Node {self.name} {self.life.name.lower()}>"

    @property
    def runs(self) -> bool:
        return self.life is Life.RUNNING

    @property
    def dead(self) -> bool:
        return self.life is Life.DEAD

    def keep(self, task: asyncio.Task[Any]) -> None:
        if len(self.tasks) >= self._prune_at:
            self.tasks = [each for each in self.tasks if not each.done() or unheard(each)]
            self._prune_at = max(_TASKS_PRUNED_AT, 2 * len(self.tasks))
        self.tasks.append(task)


def unheard(task: asyncio.Task[Any]) -> bool:
    """Whether the task has failed, and nobody has asked how."""
    return bool(task._log_traceback)


def unwind(task: asyncio.Task[Any]) -> None:
    """Closes a task that will never run again, so that it frees what it holds."""
    if task.done():
        return
    # The task was stopped on purpose, so asyncio has nothing to complain about.
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine = task.get_coro()
    assert coroutine is not None
    # Cleanup may fail in any way here: its loop is closed and its world is gone.
    with suppress(Exception):
        coroutine.close()


NODE: ContextVar[Node] = ContextVar("kelpie_sim_node")

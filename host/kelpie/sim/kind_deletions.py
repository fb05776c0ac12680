"""An administrator who deletes kinds with all that they hold, and deploys them anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from kelpie.errors import KelpieError
from kelpie.sim.cast import NAMESPACE
from kelpie.sim.endings import Endings
from kelpie.sim.faults import Faults
from kelpie.sim.fleet import Fleet, Incarnation
from kelpie.sim.workload import Workload

__all__ = ["KindDeletions"]

_PAUSE_S: Final = 0.05


class KindDeletions:
    """Whatever becomes of a host in the middle, a kind that was deleted is there again."""

    def __init__(
        self,
        fleet: Fleet,
        endings: Endings,
        deploy: Callable[[Incarnation, str], Coroutine[Any, Any, None]],
        workload: Workload,
    ) -> None:
        self._fleet = fleet
        self._endings = endings
        self._deploy = deploy
        self._may = workload.deletes_kinds
        self._asked: set[str] = set()
        """The kinds of which somebody asked that they be deleted."""
        self._deleting: list[tuple[Incarnation, asyncio.Task[None]]] = []

    def begin(self, newest: Incarnation, kind: str) -> bool:
        """Deletes a kind, if any may be deleted; other faults may be in the way."""
        if self._may and newest.ready:
            self._asked.add(kind)
            work = self._fleet.on(newest, self._delete(newest, kind), "delete kind")
            self._deleting.append((newest, work))
        return self._may and newest.ready

    async def _delete(self, newest: Incarnation, kind: str) -> None:
        with suppress(KelpieError):
            await newest.runtime.delete_kind(NAMESPACE, kind, force=True)

    async def deploy_anew(self, faults: Faults) -> None:
        """Deploys kinds anew that are gone, or that the newest host does not know of, while
        there are faults."""
        while self._may and faults.active:
            await self._deploy_missing()
            await asyncio.sleep(_PAUSE_S)

    async def until_all_are_there(self) -> None:
        """When the faults are over: an end that is late may still land."""
        while self._goes_on() or self._missing(await self._fleet.until_ready()):
            await self._deploy_missing()
            await asyncio.sleep(_PAUSE_S)

    def _goes_on(self) -> bool:
        """Whether somebody may still delete a kind."""
        return any(not work.done() and not host.node.dead for host, work in self._deleting)

    async def _deploy_missing(self) -> None:
        newest = self._fleet.newest
        if not newest.ready:
            return
        for kind in self._missing(newest):
            work = self._fleet.on(newest, self._again(newest, kind), "deploy anew")
            # Of a host that dies, or stands still for long, nothing is waited for.
            while not work.done() and newest is self._fleet.newest and not newest.node.dead:
                await asyncio.wait([work], timeout=_PAUSE_S)

    async def _again(self, newest: Incarnation, kind: str) -> None:
        with suppress(KelpieError):
            await self._deploy(newest, kind)

    def _missing(self, newest: Incarnation) -> list[str]:
        there = {each.kind for each in newest.runtime.kinds(NAMESPACE)}
        asked = sorted(self._asked)
        return [each for each in asked if each not in there or self._endings.goes_on(each)]

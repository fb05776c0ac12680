"""A way to the memory store on which a test decides what becomes of each commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from kelpie.env import Env
from kelpie.errors import KelpieError, StoreCommitUnknown
from kelpie.store.memory import CommitRequest, MemoryStore

__all__ = ["Held", "ScriptedLink"]

Result = TypeVar("Result")


class Held:
    """A commit that stands before the store until the test says what happens."""

    def __init__(self, store: MemoryStore, request: CommitRequest, answer: asyncio.Future[int]):
        self._store = store
        self._answer = answer
        self.request = request

    def apply(self) -> int:
        """It lands (again), without an answer to who asked for it.

        Raises: what the store says, if it does not land.
        """
        return self._store.apply(self.request)

    def land(self) -> None:
        """It lands, or not, and the answer arrives."""
        try:
            version = self.apply()
        except KelpieError as error:
            self.fail(error)
        else:
            self._answer.set_result(version)

    def fail(self, error: BaseException) -> None:
        """It does not land now, and `error` is what the node hears."""
        self._answer.set_exception(error)

    def lose(self) -> None:
        """The node hears that nobody knows. It may still `apply` later."""
        self.fail(StoreCommitUnknown("the connection was lost"))


class ScriptedLink:
    """Passes everything on, unless it was told otherwise.

    Fates are used up by the next commits, one each: `hold`, or a function of
    the held commit.
    """

    def __init__(self, store: MemoryStore, env: Env) -> None:
        self._store = store
        self._env = env
        self._held: deque[Held] = deque()
        self._arrived: asyncio.Future[None] | None = None
        self.fates: deque[Callable[[Held], object]] = deque()
        self.holding = False
        """While true, commits without a fate of their own are held."""
        self.read_error: KelpieError | None = None
        """What every read fails with."""
        self.reads_stand: asyncio.Future[None] | None = None
        """What reads wait for, before they read, ..."""
        self.reads_pass = 0
        """... except for this many of them."""
        self.answers_stand: asyncio.Future[None] | None = None
        """What the answers of reads wait for, after they were read."""
        self.commits = 0
        self.reads = 0

    async def read(self, operation: Callable[[], Result]) -> Result:
        self.reads += 1
        if self.reads_pass:
            self.reads_pass -= 1
        elif self.reads_stand is not None:
            await asyncio.shield(self.reads_stand)
        if self.read_error is not None:
            raise self.read_error
        answer = operation()
        if self.answers_stand is not None:
            await asyncio.shield(self.answers_stand)
        return answer

    async def commit(self, request: CommitRequest) -> int:
        self.commits += 1
        held = Held(self._store, request, self._env.future())
        await self._env.sleep(0)
        if self.fates:
            self.fates.popleft()(held)
        elif self.holding:
            self._hold(held)
        else:
            held.land()
        return await held._answer

    def stand_after(self, reads: int) -> asyncio.Future[None]:
        """Lets so many reads pass; the others wait for what is returned."""
        self.reads_pass = reads
        self.reads_stand = self._env.future()
        return self.reads_stand

    def hold(self, count: int = 1) -> None:
        """The next commits are held."""
        self.fates.extend([self._hold] * count)

    async def held(self) -> Held:
        """The next held commit, once there is one."""
        while not self._held:
            self._arrived = self._env.future()
            await self._arrived
        return self._held.popleft()

    def release(self) -> None:
        """Holds no more; what is held lands in order."""
        self.holding = False
        while self._held:
            self._held.popleft().land()

    def _hold(self, held: Held) -> None:
        self._held.append(held)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


def unknown_but_landed(held: Held) -> None:
    """A fate: it lands, and the answer is lost."""
    held.apply()
    held.lose()


def unknown_and_lost(held: Held) -> None:
    """A fate: it never lands, and the answer is lost."""
    held.lose()


def failing(error: KelpieError) -> Callable[[Held], None]:
    """A fate: it does not land, and that is the answer."""
    return lambda held: held.fail(error)

"""The delivery of one actor's outbox: every letter, until it is empty."""

from __future__ import annotations

import asyncio
import logging

from kelpie.errors import StoreError
from kelpie.ids import Address
from kelpie.runtime.messaging.carrier import Carrier, Way
from kelpie.runtime.messaging.lane import Lane
from kelpie.runtime.messaging.outbox import Outbox
from kelpie.runtime.node import Node
from kelpie.store.tuples import after

__all__ = ["Round"]

_log = logging.getLogger("kelpie")

_NS_PER_MS = 1_000_000
_FULL_PAUSE_MS = 10
_DOUBLED_MAX = 16
# Reading an outbox again and again for letters that wait costs others nothing much.
_ROWS_READ_PER_MS_MAX = 10


class Round:
    """Reads an outbox from its beginning to its end, gives each receiver its
    letters in order, and takes out what was delivered.

    Receivers do not wait for each other. For one that could not take a letter,
    its letters are read again when it is due.
    """

    def __init__(self, node: Node, way: Way, sender: Address) -> None:
        self._node = node
        self._way = way
        self._carrier = Carrier(node, way, sender, self._on_answer)
        self._lanes: dict[Address, Lane] = {}
        self._set_back: dict[Address, Lane] = {}
        """Those of which letters are to be read again."""
        self._read_all = False
        self._read_again_ns = 0
        """Before that, no letters are read for a second time."""
        self._progress: asyncio.Future[None] | None = None
        self.begun_ns = node.env.monotonic_ns()
        self.sender = sender
        self.outbox = Outbox(node, sender)
        self._position = self.outbox.begin

    @property
    def is_resting(self) -> bool:
        """Whether it only waits until a receiver may be tried again."""
        return self._read_all and not self._carrier.in_flight and not self._carrier.settled

    @property
    def has_more(self) -> bool:
        """Whether something was sent that was not read."""
        return not self._read_all

    def wake(self) -> None:
        """There are more letters."""
        self._read_all = False
        self._has_progressed()

    async def run(self) -> None:
        """Returns when the outbox is empty.

        Raises:
            Moved: this incarnation of the node is over.
        """
        limits = self._node.limits
        failures = 0
        try:
            while True:
                try:
                    if await self._step():
                        return
                    failures = 0
                except StoreError as error:
                    if not failures:
                        _log.warning("messages of %s wait: %s", self.sender, error.message)
                    pause_ms = limits.letter_retry_ms_min << min(failures, _DOUBLED_MAX)
                    failures += 1
                    await self._node.env.sleep(min(pause_ms, limits.letter_retry_ms_max))
        finally:
            self._carrier.close(self._lanes.values())

    async def _step(self) -> bool:
        """The next thing to do; True if there is nothing left."""
        if not self._read_all and not self._way.is_full:
            await self._read_on()
        elif due := self._due_lanes():
            await self._read_again(due)
        elif self._has_enough_settled():
            await self._clear()
        elif self._read_all and not self._lanes:
            if await self._clear(close=True):
                return True
            # Something was sent of which nobody has told.
            self._read_all, self._position = False, self.outbox.begin
        else:
            await self._until_progress()
        return False

    async def _read_on(self) -> None:
        # What is sent while it reads may be missed, and is told.
        self._read_all = True
        try:
            page, may_be_more = await self.outbox.page(self._position)
        except BaseException:
            self._read_all = False
            raise
        if may_be_more:
            self._read_all = False
        if page:
            self._position = after(page[-1].key)
        for each in page:
            lane = self._lane(each.letter.target)
            if lane.behind is None and lane.is_full:
                lane.behind = each.key
                self._set_back[lane.receiver] = lane
            if lane.behind is None:
                self._carrier.take(lane, each)

    def _due_lanes(self) -> list[Lane]:
        now_ns = self._node.env.monotonic_ns()
        if now_ns < self._read_again_ns or self._way.is_full:
            return []
        return [each for each in self._set_back.values() if each.is_due(now_ns)]

    async def _read_again(self, due: list[Lane]) -> None:
        """Reads, once for all of them, what was left in the store."""
        lanes = {each.receiver: each for each in due}
        # Where each goes on. A lane that is set back meanwhile is left alone.
        marks = {each.receiver: each.behind for each in due if each.behind is not None}
        position, rows = min(marks.values()), 0
        may_be_more = True
        while marks and may_be_more:
            page, may_be_more = await self.outbox.page(position)
            rows += len(page)
            if page:
                position = after(page[-1].key)
            for each in page:
                receiver = each.letter.target
                mark = marks.get(receiver)
                if mark is None or each.key < mark:
                    continue
                lane = lanes[receiver]
                if each.key >= self._position or lane.behind != mark or lane.is_full:
                    del marks[receiver]
                    continue
                lane.behind = marks[receiver] = after(each.key)
                self._carrier.take(lane, each)
        for receiver, mark in marks.items():
            if lanes[receiver].behind == mark:
                lanes[receiver].behind = None
                del self._set_back[receiver]
                self._forget_if_done(lanes[receiver])
        pause_ns = rows * _NS_PER_MS // _ROWS_READ_PER_MS_MAX
        self._read_again_ns = self._node.env.monotonic_ns() + pause_ns

    def _lane(self, receiver: Address) -> Lane:
        lane = self._lanes.get(receiver)
        if lane is None:
            lane = self._lanes[receiver] = Lane(receiver)
        return lane

    def _forget_if_done(self, lane: Lane) -> None:
        if lane.is_done:
            self._lanes.pop(lane.receiver, None)

    def _on_answer(self, lane: Lane) -> None:
        if lane.behind is not None:
            self._set_back[lane.receiver] = lane
            self._has_progressed()
        elif not self._carrier.in_flight or self._has_enough_settled():
            self._has_progressed()
        self._forget_if_done(lane)

    def _has_enough_settled(self) -> bool:
        count = len(self._carrier.settled)
        return count > 0 and (
            not self._carrier.in_flight or count >= self._node.limits.outbox_cleared_letters_max
        )

    async def _clear(self, *, close: bool = False) -> bool:
        settled = self._carrier.settled
        count = len(settled)
        closed = await self.outbox.clear(settled[:count], close=close)
        del settled[:count]
        return closed

    async def _until_progress(self) -> None:
        """Waits until something is answered, added, or due."""
        env = self._node.env
        now_ns = env.monotonic_ns()
        due_ns = [
            max(each.until_ns, self._read_again_ns)
            for each in self._set_back.values()
            if not each.in_flight
        ]
        self._progress = progress = env.future()
        timer = None
        if self._way.is_full:
            timer = env.call_later(_FULL_PAUSE_MS, self._has_progressed)
        elif due_ns:
            pause_ms = max(0, min(due_ns) - now_ns) / _NS_PER_MS
            timer = env.call_later(pause_ms, self._has_progressed)
        try:
            await progress
        finally:
            if timer is not None:
                timer.cancel()

    def _has_progressed(self) -> None:
        if self._progress is not None and not self._progress.done():
            self._progress.set_result(None)

"""Who brings letters from the outboxes of this node to their receivers.

Which outboxes hold something is kept in the store, so that a crash forgets
nothing and a restart looks at no actor. In memory are only those that are being
delivered, and of them only some letters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kelpie.env.bell import Bell
from kelpie.errors import Moved, StoreError
from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.round import Round
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.errand import Writes
from kelpie.store.message_keys import is_pending, pending_anywhere, pending_from, sender_of
from kelpie.store.reading import reading

__all__ = ["Courier"]

_INDEX_ROWS_AT_ONCE = 100
_NS_PER_MS = 1_000_000


class Courier:
    """Has one round for each outbox that is being delivered, each in a task of its own."""

    def __init__(self, node: Node, submit: Callable[[Envelope], asyncio.Future[Payload]]) -> None:
        self._node = node
        self.submit = submit
        self._rounds: dict[Address, tuple[Round, asyncio.Task[None]]] = {}
        self._letters = 0
        self._bytes = 0
        self._next_in_index, self._index_end = pending_anywhere()
        self._bell = Bell(node.env)
        self._is_over = False
        self._is_behind = True
        """Whether there may be outboxes in the index that nobody delivers yet."""

    def __len__(self) -> int:
        """The outboxes that are being delivered."""
        return len(self._rounds)

    @property
    def in_flight(self) -> int:
        """Letters that are held in memory."""
        return self._letters

    @property
    def is_full(self) -> bool:
        limits = self._node.limits
        return (
            self._letters >= limits.letters_in_flight_max
            or self._bytes >= limits.letters_in_flight_bytes_max
        )

    def holds(self, letters: int, size: int) -> None:
        self._letters += letters
        self._bytes += size

    def wrote(self, sender: Address, writes: Writes) -> None:
        """The rows were committed, or may have been."""
        if any(map(is_pending, writes)):
            self._wake(sender)

    async def run(self) -> None:
        """Takes up what outboxes hold, again and again, for ever."""
        while not self._is_over:
            self._bell.listen()
            try:
                self._is_behind = not await self._take_up()
            except StoreError:
                self._is_behind = True
            # One of those that are being delivered ends, or it is time to look again.
            await self._bell.heard(self._node.limits.outbox_sweep_ms)

    def close(self) -> None:
        """Delivers no more. What is with a receiver goes on."""
        self._is_over = True
        for _, task in list(self._rounds.values()):
            task.cancel()

    def _wake(self, sender: Address) -> None:
        known = self._rounds.get(sender)
        if known is not None:
            known[0].wake()
        elif self._has_room():
            self._begin(sender)
        else:
            # It is in the index.
            self._is_behind = True

    def _has_room(self) -> bool:
        return not self._is_over and len(self._rounds) < self._node.limits.outboxes_open_max

    def _begin(self, sender: Address) -> Round:
        made = Round(self._node, self, sender)
        self._rounds[sender] = made, self._node.env.spawn(self._run(made), "outbox")
        return made

    async def _run(self, made: Round) -> None:
        try:
            await made.run()
        except Moved:
            # Another incarnation of the node has taken all of it over.
            self._is_over = True
        finally:
            del self._rounds[made.sender]
            if self._is_behind:
                self._bell.ring()
        if made.has_more:
            self._wake(made.sender)

    async def _take_up(self) -> bool:
        """Begins rounds for those in the index, as many as there is room for;
        whether it has come to the end of it."""
        while True:
            with reading(self._node.store) as transaction:
                rows = await transaction.get_range(
                    self._next_in_index, self._index_end, limit=_INDEX_ROWS_AT_ONCE, snapshot=True
                )
            for key, _ in rows:
                sender = sender_of(key)
                if sender not in self._rounds:
                    if not self._has_room():
                        self._make_room()
                        return False
                    self._begin(sender)
                self._rounds[sender][0].outbox.index_keys.add(key)
                self._next_in_index = pending_from(key)[0]
            if len(rows) < _INDEX_ROWS_AT_ONCE:
                self._next_in_index = pending_anywhere()[0]
                return True

    def _make_room(self) -> None:
        """Has an outbox wait whose receivers could not take anything for long. When
        its round has ended there is room."""
        pause_ns = self._node.limits.letter_retry_ms_max * _NS_PER_MS
        before_ns = self._node.env.monotonic_ns() - pause_ns
        for each, task in self._rounds.values():
            if each.is_resting and each.begun_ns <= before_ns:
                task.cancel()
                return

"""The journal of one actor: how its turns get there, and how old ones leave."""

from __future__ import annotations

import logging
from itertools import chain, groupby
from operator import attrgetter
from urllib.parse import quote

from kelpie.errors import KelpieError, Moved, StoreError, Unreadable
from kelpie.ids import Address
from kelpie.journal.flights import FlightId
from kelpie.runtime.commits.batch import Batch
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.commits.recorded import Recorded
from kelpie.runtime.node import Node
from kelpie.runtime.views.journal_rows import find_expired, read_totals
from kelpie.store.chunks import write_value
from kelpie.store.frame import frame
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.packing import pack_value
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading

__all__ = ["ActorJournal"]

_log = logging.getLogger("kelpie")

_ROW_BYTES = 64 * 1024
_NS_PER_MS = 1_000_000


class ActorJournal:
    """Takes turns in the order in which they ended, and writes them in that order.

    What was taken waits for the next commit of its actor. A journal is never in
    the way of what it is about: what cannot be written is given up, and logged.
    """

    __slots__ = (
        "_address",
        "_clears",
        "_expired",
        "_failed_ns",
        "_keys",
        "_node",
        "_room_bytes",
        "_totals",
        "_waiting",
        "_waiting_bytes",
        "waits",
    )

    def __init__(self, node: Node, claim: Claim) -> None:
        self._node = node
        self._address = claim.keys.address
        self._keys = JournalKeys(claim.keys.prefix)
        self._waiting: list[Recorded] = []
        self._waiting_bytes = 0
        self._totals: tuple[int, int] | None = None
        """Turns and bytes that were journaled before; None: that was not read yet."""
        self._expired: list[FlightId] = []
        self._failed_ns = -(1 << 62)
        self._clears = False
        self.waits = False
        """Whether anything waits to be written."""
        self._room_bytes = 0
        """What the commit of the batch that was taken last has left."""

    def may_take_failure(self) -> bool:
        """Whether one more failure is written. If so, it counts."""
        now = self._node.env.monotonic_ns()
        pause_ms = (now - self._failed_ns) // _NS_PER_MS
        if pause_ms < self._node.limits.journal_failure_pause_ms:
            return False
        self._failed_ns = now
        return True

    def take(self, batch: Batch) -> None:
        """The turns of a batch that is about to be committed, or to be answered."""
        if batch.kv_cleared:
            self._begin_anew()
        self._room_bytes = self._node.limits.commit_bytes_max - batch.bytes - self._waiting_bytes
        for recorded in batch.journal:
            # One that ended while an earlier turn of its instance was being lost goes too.
            if not recorded.flight.forgotten:
                self._waiting.append(recorded)
                self._waiting_bytes += recorded.written_bytes_max
                self.waits = True

    def _begin_anew(self) -> None:
        """The actor is deleted: so is its journal, with the next `ride`."""
        self._give_up()
        self._clears = self.waits = True
        self._totals = 0, 0

    def _give_up(self) -> None:
        """What waits is lost. Of instances that have lost a turn no more is kept."""
        for each in self._waiting:
            each.flight.forget()
        self._forget_waiting()

    def _forget_waiting(self) -> None:
        self._waiting = []
        self._waiting_bytes = 0
        self.waits = self._clears

    async def prepare(self) -> None:
        """Reads what `ride` has to know.

        Raises:
            StoreError
        """
        begins = any(each.made_of is not None for each in self._waiting)
        if not begins and self._totals is not None:
            return
        try:
            await self._look(begins=begins)
        except Unreadable as error:
            # What is damaged stays where it is, and counts for nothing.
            _log.warning("the journal of %s is damaged: %s", self._address, error.message)
            self._totals = self._totals or (0, 0)

    async def _look(self, *, begins: bool) -> None:
        with reading(self._node.store) as transaction:
            if self._totals is None:
                self._totals = await read_totals(transaction, self._keys)
            if begins:
                now_ns, limits = self._node.env.wall_ns(), self._node.limits
                self._expired = await find_expired(
                    transaction, self._keys, self._totals, now_ns, limits
                )

    def ride(self, transaction: Transaction) -> None:
        """Puts what waits into the commit of the batch that was taken, unless it has no room."""
        if self._clears:
            for key_range in self._keys.everything():
                transaction.clear_range(*key_range)
        if self._room_bytes >= 0:
            self._write(transaction)

    def rode(self) -> None:
        """What `ride` wrote is durable."""
        self._clears = False
        if self._room_bytes >= 0:
            self._written()
        self.waits = bool(self._waiting)

    async def settle(self, claim: Claim, batch: Batch) -> None:
        """What a batch that is durable leaves is written now, if it may not wait.
        Those whose turns have failed are told where to find them."""
        failed = any(each.failed for each in self._waiting)
        if failed or self._waiting_bytes > self._node.limits.journal_waiting_bytes_max:
            await self._flush(claim)
        for finished in batch.turns:
            recorded, error = finished.journal, finished.error
            if recorded and recorded.failed and error and not recorded.flight.forgotten:
                error.details["bundle"] = bundle_path(self._address, recorded.number)

    def _write(self, transaction: Transaction) -> None:
        for instance in self._expired:
            for key_range in self._keys.all_of(instance):
                transaction.clear_range(*key_range)
        assert self._totals is not None, "it was prepared"
        turns_before, bytes_before = self._totals
        for flight, group in groupby(self._waiting, key=attrgetter("flight")):
            taken = list(group)
            first = taken[0]
            if first.made_of is not None:
                self._write_birth(transaction, first, turns_before, bytes_before)
            self._write_turns(transaction, flight.id, taken)
            turns_before += sum(len(each.turns) for each in taken)
            bytes_before += sum(each.size for each in taken)

    def _written(self) -> None:
        """What `_write` wrote is durable."""
        assert self._totals is not None
        turns, size = self._totals
        for recorded in self._waiting:
            turns += len(recorded.turns)
            size += recorded.size
        self._totals = turns, size
        self._expired = []
        self._forget_waiting()

    async def _flush(self, claim: Claim) -> bool:
        """Writes what waits in a transaction of its own; whether that went well."""
        error: KelpieError | None = None
        for _ in range(self._node.limits.commit_attempts_max):
            try:
                await self.prepare()
                transaction = await claim.checked()
                try:
                    self._write(transaction)
                    await transaction.commit()
                finally:
                    transaction.cancel()
            except Moved as moved:
                error = moved
                break
            except StoreError as failed:
                error = failed
                if not failed.retryable:
                    break
            else:
                self._written()
                return True
        _log.warning("turns of %s could not be journaled: %s", self._address, error)
        self._give_up()
        return False

    async def is_empty(self) -> bool:
        """Whether nothing of the actor is journaled.

        Raises:
            StoreError
        """
        with reading(self._node.store) as transaction:
            return not await transaction.get_range(*self._keys.instances(), limit=1)

    def _write_birth(
        self, transaction: Transaction, recorded: Recorded, turns_before: int, bytes_before: int
    ) -> None:
        assert recorded.made_of is not None
        assert recorded.flight.id is not None, "it has run a turn"
        key = self._keys.instance(recorded.flight.id)
        known = pack_value((turns_before, bytes_before, recorded.begun_ns))
        transaction.set(key, frame(key, known))
        made_of = self._keys.made_of(recorded.flight.id)
        write_value(transaction, made_of, recorded.made_of, had_chunks=False)

    def _write_turns(
        self, transaction: Transaction, flight: FlightId, taken: list[Recorded]
    ) -> None:
        """In rows of some size, each with how much of its instance is written by then."""
        begin = taken[0]
        first, size = begin.first, begin.bytes_before + len(begin.made_of or b"")
        row: list[bytes] = []
        row_bytes = 0
        for turn in chain.from_iterable(each.turns for each in taken):
            if row and row_bytes + len(turn) > _ROW_BYTES:
                self._write_row(transaction, flight, first, row, size)
                first += len(row)
                row, row_bytes = [], 0
            row.append(turn)
            row_bytes += len(turn)
            size += len(turn)
        self._write_row(transaction, flight, first, row, size)

    def _write_row(
        self, transaction: Transaction, flight: FlightId, first: int, row: list[bytes], size: int
    ) -> None:
        body = pack_value((len(row), size, b"".join(row)))
        write_value(transaction, self._keys.turns(flight, first), body, had_chunks=False)


def bundle_path(address: Address, turn: int) -> str:
    """Where a host offers the turns of this number, with all before it in its instance."""
    kind, key = (quote(each, safe="") for each in (address.kind, address.key))
    namespace = quote(address.namespace, safe="")
    return f"/v1/bundles/{kind}/{key}?namespace={namespace}&from={turn}&to={turn}"

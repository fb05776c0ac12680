"""Watches every commit that lands: who may write, and what may only grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgpack

from kelpie.ids import Address
from kelpie.runtime.commits.ownership import Sequence
from kelpie.sim.cast import NAMESPACE
from kelpie.sim.endings import Endings
from kelpie.sim.engine import TurnLog
from kelpie.sim.failure import Failure
from kelpie.store import keyspace
from kelpie.store.frame import unframe
from kelpie.store.journal_keys import is_journal
from kelpie.store.keyspace import ActorKeys, KeyRange
from kelpie.store.kv_keys import KvKeys
from kelpie.store.memory import CommitRequest, MemoryStore
from kelpie.store.message_keys import MessageKeys
from kelpie.store.tuples import unpack

__all__ = ["Landings", "OwnershipWatch", "Writer"]

Landings = dict[tuple[Address, str], int]
"""The requests whose commits landed, and when they had been run: by actor and id."""


class Writer(NamedTuple):
    """An incarnation of a node, and what it is called in the simulation."""

    node: str
    incarnation: int
    label: str


class Seen(NamedTuple):
    """The parts of `own` and `seq` that only grow, and who owns."""

    epoch: int = 0
    node: str = ""
    incarnation: int = 0
    deploy_number: int = 0
    sequence: int = 0
    steps: int = 0
    """Of the durable turn in flight."""
    last_request_id: str = ""
    kv_generation: int = 0

    @property
    def position(self) -> tuple[int, int]:
        return self.sequence, self.steps


class OwnershipWatch:
    """Holds for each actor what the last commit left, and every breach."""

    def __init__(
        self, store: MemoryStore, addresses: list[Address], log: TurnLog, endings: Endings
    ) -> None:
        self._store = store
        self._endings = endings
        self._log = log
        self._keys = [ActorKeys(address) for address in addresses]
        self._kinds = sorted({address.kind for address in addresses})
        self._seen = {keys.address: Seen() for keys in self._keys}
        self.failures: list[Failure] = []
        self.landings: Landings = {}
        self.left_cleared = 0
        """How many commits cleared entries of kv that deletions had left."""

    def landed(self, writer: Writer, request: CommitRequest, version: int) -> None:
        """A commit was applied."""
        buffer = request.buffer
        self._see_endings(buffer.writes)
        for keys in self._keys:
            mine = [
                key
                for key, value in buffer.writes.items()
                if key.startswith(keys.prefix) and not (value is None and is_letter(keys, key))
            ]
            cleared = [each for each in buffer.cleared if _clears(keys, each[0])]
            clears = any(not self._is_over(keys, each, version) for each in cleared)
            if cleared and not clears:
                self.left_cleared += 1
            if self._endings.goes_on(keys.address.kind):
                if any(buffer.writes[key] is not None for key in mine):
                    self._fail(keys, "a commit wrote what its deleted kind had before")
            elif mine or clears:
                self._check(keys, writer, mine, version, clears=clears)

    def _see_endings(self, writes: Mapping[bytes, bytes | int | None]) -> None:
        for kind in self._kinds:
            if keyspace.kind_end(NAMESPACE, kind) in writes:
                self._endings.begins(kind)
                for keys in self._keys:
                    if keys.address.kind == kind:
                        before = self._seen[keys.address]
                        # It begins anew, but for the numbers of deploys.
                        self._seen[keys.address] = Seen(deploy_number=before.deploy_number)
            elif self._endings.goes_on(kind) and writes.get(
                keyspace.current_deploy(NAMESPACE, kind)
            ):
                self._endings.is_over(kind)

    def _check(
        self, keys: ActorKeys, writer: Writer, mine: list[bytes], version: int, *, clears: bool
    ) -> None:
        name, incarnation, _ = writer
        before, now = self._seen[keys.address], self._read(keys, version)
        data = [key for key in mine if key not in (keys.own, keys.seq) and not _journals(keys, key)]
        if now == before and not (data or clears):
            # A barrier: it writes back what it read.
            return
        if not now.epoch:
            # Nobody owns it in this life: whoever looked back found nothing.
            now = now._replace(deploy_number=before.deploy_number)
        self._seen[keys.address] = now
        for what in _went_back(before, now):
            self._fail(keys, f"{what} went back: {before} became {now}")
        owned_before = bool(before.node) and before.epoch == now.epoch
        if owned_before and now.node and (before.node, before.incarnation) != now[1:3]:
            self._fail(keys, f"two nodes owned it under epoch {now.epoch}")
        if now.node and (now.node, now.incarnation) != (name, incarnation):
            self._fail(keys, f"{name} {incarnation} wrote, but {now.node} {now.incarnation} owns")
        if self._fence(name, version) != incarnation:
            self._fail(keys, f"{name} {incarnation} wrote after it was fenced off")
        if (data or clears) and now.position == before.position:
            self._fail(keys, "a commit changed data without counting in seq")
        for request_id in (*_recorded_ids(keys, data), now.last_request_id):
            if request_id and (keys.address, request_id) not in self.landings:
                ran = self._log.when_ran(keys.address, request_id, writer.label)
                self.landings[keys.address, request_id] = ran

    def _read(self, keys: ActorKeys, version: int) -> Seen:
        own = self._store.get(keys.own, version)
        seq = self._store.get(keys.seq, version)
        seen = Seen()
        if own is not None:
            seen = Seen(*msgpack.unpackb(unframe(keys.own, own)))
        if seq is not None:
            found = Sequence(*msgpack.unpackb(unframe(keys.seq, seq)))
            seen = seen._replace(
                sequence=found.number,
                steps=found.steps,
                last_request_id=found.last_request_id,
                kv_generation=found.kv_generation,
            )
        return seen

    def _is_over(self, keys: ActorKeys, cleared: KeyRange, version: int) -> bool:
        """Whether no entry in the range can be one of the actor's kv any more."""
        kv = KvKeys(keys.prefix, self._read(keys, version).kv_generation)
        begin, end = kv.before()[0]
        return begin <= cleared[0] and cleared[1] <= end

    def _fence(self, name: str, version: int) -> int:
        key = keyspace.node_fence(name)
        stored = self._store.get(key, version)
        incarnation: int = 0 if stored is None else msgpack.unpackb(unframe(key, stored))
        return incarnation

    def _fail(self, keys: ActorKeys, reason: str) -> None:
        self.failures.append(Failure("ownership", reason, keys.address))


def _went_back(before: Seen, now: Seen) -> Iterator[str]:
    """Which of the parts that only grow did not."""
    if now.epoch < before.epoch:
        yield "the epoch"
    if now.deploy_number < before.deploy_number:
        yield "the number of the deploy"
    if now.sequence < before.sequence:
        yield "seq"
    if now.kv_generation < before.kv_generation:
        yield "kv, to entries that were deleted,"


def is_letter(keys: ActorKeys, key: bytes) -> bool:
    """Whether it is one in the outbox. Whoever has delivered it takes it out."""
    return MessageKeys(keys.prefix).is_letter(key)


def _journals(keys: ActorKeys, key: bytes) -> bool:
    """Journals count nothing: a failure is written by itself."""
    return is_journal(key[len(keys.prefix) :])


def _clears(keys: ActorKeys, begin: bytes) -> bool:
    return begin.startswith(keys.prefix) and not _journals(keys, begin)


def _recorded_ids(keys: ActorKeys, written: list[bytes]) -> Iterator[str]:
    """The ids of the requests whose records are among the keys written."""
    for key in written:
        elements = unpack(key[len(keys.prefix) :])
        if elements[0] == "rq":
            yield str(elements[-1])

"""Turns that commit together: the unit of the pipeline and of the overlay."""

from __future__ import annotations

import asyncio

from kelpie.errors import ActorRejected, KelpieError
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.commits.recorded import Recorded
from kelpie.runtime.durable.steps import Steps, steps_bytes_max
from kelpie.runtime.requests.errand import Writes
from kelpie.runtime.requests.message import Message
from kelpie.store.chunks import written_bytes_max
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import entry_bytes_max
from kelpie.store.witness import Witness
from kelpie.wasm.turn import Outcome

__all__ = ["Batch", "Finished"]

# A record besides the answer's text: digest, tick, the code of a rejection.
_RECORD_BYTES = 128
# What the witness of a deletion writes: names and keys, each bounded, and few of them.
_WITNESS_BYTES_MAX = 4096
# A record's key besides the actor's prefix and the names.
_RECORD_KEY_BYTES = 16


class Finished:
    """A turn that has run and waits until its answer may leave.

    Exactly one of `reply` and `error` is set; with an error there are no
    effects. `recorded` says that the answer goes into the actor's request
    records, `commits` that the turn commits something.
    """

    __slots__ = (
        "bytes_max",
        "commits",
        "effects",
        "ends_durable",
        "error",
        "journal",
        "message",
        "name_bytes",
        "recorded",
        "reply",
        "writes",
    )

    def __init__(
        self,
        message: Message,
        outcome: Outcome,
        keys: ActorKeys,
        journal: Recorded | None = None,
        *,
        recorded: bool,
        writes: Writes | None = None,
        ends_durable: bool = False,
    ) -> None:
        error = outcome.error
        assert (outcome.reply is None) != (error is None)
        assert not recorded or error is None or isinstance(error, ActorRejected)
        self.message = message
        self.reply = outcome.reply
        self.error = error
        self.effects = outcome.effects if error is None else None
        self.recorded = recorded
        self.journal = journal
        self.writes = writes
        self.ends_durable = ends_durable
        """Whether it was the durable turn in flight, of which nothing is kept then."""
        self.commits = recorded or bool(self.effects) or bool(writes) or ends_durable
        self.name_bytes = 0
        """What it adds to the row that names the records of its commit."""
        if recorded:
            envelope = message.envelope
            self.name_bytes = len((envelope.principal + envelope.request_id).encode())
        self.bytes_max = self._bytes_max(keys)
        """What it adds to the transaction that commits it, keys and all: never
        too low. Its answer counts also where it is not written: it is held."""

    def _bytes_max(self, keys: ActorKeys) -> int:
        if self.reply is not None:
            size = len(self.reply.data)
        else:
            assert self.error is not None
            size = len(self.error.message.encode())
        if self.recorded:
            # Escaped, a name has at most twice the bytes.
            key_bytes = len(keys.prefix) + 2 * self.name_bytes + _RECORD_KEY_BYTES
            size = written_bytes_max(key_bytes, size + _RECORD_BYTES)
            if self.message.envelope.deletes:
                size += _WITNESS_BYTES_MAX
        effects = self.effects
        if effects is not None:
            if effects.kv_cleared:
                size += written_bytes_max(2 * len(keys.prefix), 0) + _WITNESS_BYTES_MAX
            if effects.state_written:
                size += written_bytes_max(len(keys.state), _data_bytes(effects.state))
            for key, value in effects.kv.items():
                size += written_bytes_max(entry_bytes_max(keys.prefix, key), _data_bytes(value))
        if self.writes:
            for key, row in self.writes.items():
                size += written_bytes_max(len(key), len(row or b""))
        return size

    def release(self) -> None:
        """Lets the answer out."""
        if self.error is not None:
            self.message.fail(self.error)
        else:
            assert self.reply is not None
            self.message.reply(self.reply)


class Batch:
    """Finished turns in their order, and what they write, merged.

    A batch that writes nothing (read-only turns, failures) only waits until
    what it saw is durable and still ours.
    """

    __slots__ = (
        "bytes",
        "commits",
        "departures",
        "empty",
        "journal",
        "kv",
        "kv_cleared",
        "leaves_kv",
        "name_bytes",
        "records",
        "state",
        "state_written",
        "steps",
        "turns",
        "witnesses",
        "writes",
    )

    def __init__(self) -> None:
        self.empty = True
        """Whether nobody waits for it."""
        self.turns: list[Finished] = []
        self.witnesses: list[Witness] = []
        """Of deletions that commit something."""
        self.departures: list[asyncio.Future[KelpieError | None]] = []
        """Of a turn that is not yet finished: it waits until it may ask others,
        or hears why not."""
        self.records: list[Finished] = []
        self.journal: list[Recorded] = []
        self.commits = 0
        """How many of the turns commit something."""
        self.kv: dict[bytes, Payload | None] = {}
        self.kv_cleared = False
        """Whether all that was in kv before goes, so that `kv` is all there is."""
        self.leaves_kv = False
        """Whether that was too much for its commit: it is cleared behind it."""
        self.state_written = False
        self.state: Payload | None = None
        self.bytes = 0
        """What its transaction writes: a bound that is never too low, for
        values that a later turn replaces count too."""
        self.name_bytes = 0
        self.writes: Writes = {}
        """What the host writes with the turns."""
        self.steps: Steps | None = None
        """Of a durable turn."""

    @property
    def writes_anything(self) -> bool:
        return self.commits > 0 or self.steps is not None

    def has_room_for(self, finished: Finished, limits: Limits) -> bool:
        """Whether one more turn fits; an empty batch has room for any."""
        return not self.turns or (
            len(self.turns) < limits.commit_turns_max
            and self.bytes + finished.bytes_max <= limits.commit_bytes_max
            and self.name_bytes + finished.name_bytes <= limits.commit_record_name_bytes_max
        )

    def add(self, finished: Finished) -> None:
        self.empty = False
        self.turns.append(finished)
        self.bytes += finished.bytes_max
        self.commits += finished.commits
        effects = finished.effects
        if effects is not None:
            if effects.state_written:
                self.state_written = True
                self.state = effects.state
            if effects.kv_cleared:
                self.kv_cleared = True
                self.kv.clear()
                self.journal.clear()
            self.kv.update(effects.kv)
        if finished.writes:
            self.writes.update(finished.writes)
        if finished.journal is not None:
            self.journal.append(finished.journal)
            self.bytes += finished.journal.written_bytes_max
        if finished.recorded:
            self.records.append(finished)
            self.name_bytes += finished.name_bytes
        if finished.ends_durable:
            self._steps().end()
        if finished.recorded or self.kv_cleared or finished.ends_durable:
            # Nothing else than a deletion has one, and most turns are not even asked.
            witness = finished.message.envelope.witness
            if witness is not None and finished.commits:
                self.witnesses.append(witness)

    def add_step(
        self, count: int, rows: dict[bytes, bytes], done: asyncio.Future[KelpieError | None]
    ) -> None:
        """One more step of the durable turn that runs. `done` hears of it as departures do."""
        self._steps().add(count, rows)
        self.bytes += steps_bytes_max(rows)
        self.add_departure(done)

    def add_departure(self, done: asyncio.Future[KelpieError | None]) -> None:
        """A turn in the middle of it waits for what is here. `done` hears of it."""
        self.empty = False
        self.departures.append(done)

    def _steps(self) -> Steps:
        if self.steps is None:
            self.steps = Steps()
        return self.steps


def _data_bytes(payload: Payload | None) -> int:
    return len(payload.data) if payload is not None else 0

"""Turns that commit together: the unit of the pipeline and of the overlay."""

from __future__ import annotations

from kelpie.errors import ActorRejected, KelpieError
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.envelope import Envelope
from kelpie.runtime.message import Message
from kelpie.store.chunks import written_bytes_max
from kelpie.store.keyspace import ActorKeys
from kelpie.wasm.turn import Effects, Outcome

__all__ = ["Batch", "Finished", "turn_bytes_max"]

# A record besides the answer's text: digest, tick, the code of a rejection.
_RECORD_BYTES = 128


class Finished:
    """A turn that has run and waits until its answer may leave.

    Exactly one of `reply` and `error` is set; with an error there are no
    effects. `recorded` says that the answer goes into the actor's request
    records. `bytes_max` is what the turn adds to a commit, at most.
    """

    __slots__ = ("bytes_max", "effects", "error", "message", "recorded", "reply")

    def __init__(
        self,
        message: Message,
        reply: Payload | None,
        error: KelpieError | None,
        effects: Effects | None,
        *,
        recorded: bool,
        bytes_max: int,
    ) -> None:
        assert (reply is None) != (error is None)
        assert error is None or effects is None
        assert not recorded or error is None or isinstance(error, ActorRejected)
        self.message = message
        self.reply = reply
        self.error = error
        self.effects = effects
        self.recorded = recorded
        self.bytes_max = bytes_max

    @property
    def commits(self) -> bool:
        """Whether the turn commits something."""
        return self.recorded or bool(self.effects)

    @property
    def name_bytes(self) -> int:
        """What its record takes in the row that names the records of a commit."""
        if not self.recorded:
            return 0
        envelope = self.message.envelope
        return len(envelope.principal.encode()) + len(envelope.request_id.encode())

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
        "kv",
        "name_bytes",
        "records",
        "state",
        "state_written",
        "turns",
    )

    def __init__(self) -> None:
        self.turns: list[Finished] = []
        self.records: list[Finished] = []
        self.commits = 0
        """How many of the turns commit something."""
        self.kv: dict[bytes, Payload | None] = {}
        self.state_written = False
        self.state: Payload | None = None
        self.bytes = 0
        """What its transaction writes: a bound that is never too low, for
        values that a later turn replaces count too."""
        self.name_bytes = 0

    def has_room_for(self, finished: Finished, limits: Limits) -> bool:
        """Whether one more turn fits; an empty batch has room for any."""
        return not self.turns or (
            len(self.turns) < limits.commit_turns_max
            and self.bytes + finished.bytes_max <= limits.commit_bytes_max
            and self.name_bytes + finished.name_bytes <= limits.commit_record_name_bytes_max
        )

    def add(self, finished: Finished) -> None:
        self.turns.append(finished)
        self.bytes += finished.bytes_max
        self.commits += finished.commits
        effects = finished.effects
        if effects is not None:
            if effects.state_written:
                self.state_written = True
                self.state = effects.state
            self.kv.update(effects.kv)
        if finished.recorded:
            self.records.append(finished)
            self.name_bytes += finished.name_bytes


def turn_bytes_max(keys: ActorKeys, envelope: Envelope, outcome: Outcome, recorded: bool) -> int:
    """What a turn adds to the transaction that commits it, keys and all: a
    bound that is never too low. Its answer counts also where it is not written:
    it is held until the commit."""
    effects, error = outcome.effects, outcome.error
    size = _data_bytes(outcome.reply) if error is None else len(error.message.encode())
    if recorded:
        key = keys.record(envelope.principal, envelope.request_id)
        size = written_bytes_max(len(key), size + _RECORD_BYTES)
    if error is None and effects:
        if effects.state_written:
            size += written_bytes_max(len(keys.state), _data_bytes(effects.state))
        for kv_key, value in effects.kv.items():
            size += written_bytes_max(len(keys.kv_entry(kv_key)), _data_bytes(value))
    return size


def _data_bytes(payload: Payload | None) -> int:
    return len(payload.data) if payload is not None else 0

"""Turns that commit together: the unit of the pipeline and of the overlay."""

from __future__ import annotations

from kelpie.errors import ActorRejected, KelpieError
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.message import Message
from kelpie.wasm.turn import Effects

__all__ = ["Batch", "Finished"]

# What a key, its frame and its row cost beyond their own bytes, roughly.
_WRITE_OVERHEAD_BYTES = 200


class Finished:
    """A turn that has run and waits until its answer may leave.

    Exactly one of `reply` and `error` is set. `recorded` says that the answer
    goes into the actor's request records.
    """

    __slots__ = ("error", "message", "recorded", "reply")

    def __init__(
        self,
        message: Message,
        reply: Payload | None,
        error: KelpieError | None,
        recorded: bool,
    ) -> None:
        assert (reply is None) != (error is None)
        assert not recorded or error is None or isinstance(error, ActorRejected)
        self.message = message
        self.reply = reply
        self.error = error
        self.recorded = recorded

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
        self.name_bytes = 0

    def add(self, finished: Finished, effects: Effects | None) -> bool:
        """Whether the turn commits something."""
        self.turns.append(finished)
        size = len(finished.reply.data) if finished.reply is not None else 0
        if effects is not None:
            if effects.state_written:
                self.state_written = True
                self.state = effects.state
                size += len(effects.state.data) if effects.state is not None else 0
            if effects.kv:
                self.kv.update(effects.kv)
                for key, value in effects.kv.items():
                    size += len(key) + _WRITE_OVERHEAD_BYTES
                    size += len(value.data) if value is not None else 0
        if finished.recorded:
            self.records.append(finished)
            self.name_bytes += len(finished.message.envelope.request_id.encode())
            size += _WRITE_OVERHEAD_BYTES
        # Replaced writes count too: a bound that is never too low.
        self.bytes += size
        commits = finished.recorded or bool(effects)
        self.commits += commits
        return commits

    def full(self, limits: Limits) -> bool:
        """Whether a further turn, however large, might not fit a transaction."""
        return (
            len(self.turns) >= limits.commit_turns_max
            or self.name_bytes >= limits.commit_record_name_bytes_max
            or self.bytes + limits.turn_write_bytes_max > limits.commit_bytes_max
        )

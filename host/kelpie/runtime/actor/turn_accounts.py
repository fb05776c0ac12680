"""What is counted and told of the turns of one actor."""

from __future__ import annotations

from kelpie.errors import ActorRejected, GuestLimitExceeded, KelpieError
from kelpie.ids import Address
from kelpie.limits import Limits
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.node import Node
from kelpie.runtime.requests.message import Message
from kelpie.runtime.telemetry.guest_log import About
from kelpie.wasm.turn import Outcome

__all__ = ["TurnAccounts", "too_large"]


class TurnAccounts:
    """Counts in the meters of its kind, and tells the log."""

    __slots__ = ("_address", "_node", "_pipeline", "last_error")

    def __init__(self, node: Node, address: Address, pipeline: Pipeline) -> None:
        self._node = node
        self._address = address
        self._pipeline = pipeline
        self.last_error: KelpieError | None = None

    def ran(self, outcome: Outcome, message: Message) -> None:
        """A guest has run a turn."""
        meter, error = self._pipeline.meter, outcome.error
        meter.fuel += outcome.fuel
        if error is None:
            meter.replied += 1
        else:
            self.count(error)
        if outcome.log or error is not None:
            about = self._about(message)
            if outcome.log:
                self._node.guest_log.said(outcome.log, about)
            if error is not None:
                self._note(error, about)

    def failed(self, error: KelpieError, message: Message) -> None:
        """A turn came to nothing, by no doing of its guest."""
        self.count(error)
        self.note(error, message)

    def count(self, error: KelpieError) -> None:
        """A turn ended with an error."""
        meter = self._pipeline.meter
        if isinstance(error, ActorRejected):
            meter.rejected(error.rejection_code)
        else:
            meter.failed(error.code)

    def note(self, error: KelpieError, message: Message) -> None:
        """Of an error that counts for no turn."""
        self._note(error, self._about(message))

    def _note(self, error: KelpieError, about: About) -> None:
        self.last_error = error
        self._node.guest_log.failed(error, about)

    def _about(self, message: Message) -> About:
        envelope = message.envelope
        number = self._pipeline.next_turn_number
        return About(self._address, number, envelope.request_id, envelope.trace_id)


def too_large(size: int, limits: Limits) -> GuestLimitExceeded:
    """The failure of a turn that no commit holds."""
    return GuestLimitExceeded(
        f"what the turn writes and replies takes {size} bytes of a commit, keys and all; at most "
        f"{limits.commit_bytes_max} are allowed (commit_bytes_max)",
        limit="commit_bytes_max",
        size=size,
        maximum=limits.commit_bytes_max,
    )

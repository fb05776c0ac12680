"""What a turn is given: with the answers to its host calls, all that decides it."""

from __future__ import annotations

from hashlib import blake2b

from kelpie.ids import Address, Payload
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Answers, Caller, Turn

__all__ = ["TurnInputs"]


class TurnInputs:
    """Makes the inputs of the turns of one actor: its clock and its randomness."""

    __slots__ = ("_address", "_client", "_node", "_seed", "time_ns")

    def __init__(self, node: Node, address: Address) -> None:
        self._node = node
        self._address = address
        self._client = Caller("client", "")
        """The latest one: most actors are asked by few."""
        self.time_ns = 0
        """That of the latest turn."""
        # Nobody can tell it who does not know the store's secret.
        self._seed = blake2b(
            repr(address).encode(), key=node.entropy_secret, digest_size=32
        ).digest()

    def turn(
        self,
        envelope: Envelope,
        *,
        number: int,
        read_only: bool,
        state: Payload | None,
        answers: Answers,
        configuration: Configuration,
    ) -> Turn:
        """The next turn: its time is never less than that of one before it."""
        self.time_ns = max(self.time_ns, self._node.env.wall_ns())
        # Of the principal too: it takes more than another one's request id to
        # be dealt the same.
        principal = envelope.principal
        if self._client.name != principal:
            self._client = Caller("client", principal)
        asked = f"{len(principal)}/{principal}/{envelope.request_id}"
        return Turn(
            self._address,
            envelope.operation,
            envelope.argument,
            envelope.request_id,
            envelope.caller or self._client,
            number,
            self.time_ns,
            self._seed + asked.encode(),
            read_only,
            state,
            answers,
            configuration,
            envelope.is_batch,
        )

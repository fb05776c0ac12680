"""Single turns in the engine, to see what they read and change."""

from __future__ import annotations

from typing import Any

from kelpie.ids import Address, Payload, text
from kelpie.wasm.turn import Component, Guest, Outcome
from tests.guest_sdks.conformance.subject import KIND
from tests.wasm.support import turn

__all__ = ["Turns", "state_calls"]


def state_calls(outcome: Outcome) -> list[str]:
    """What a turn asked and told of its state. A language's runtime asks for the
    time and for randomness besides, as it likes."""
    return [call.name for call in outcome.journal if call.name.startswith("state.")]


class Turns:
    """Turns of one instance, until one of them fails: the next one has another."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.state: Payload | None = None
        """What the turns find as state; what they save is kept here."""
        self._guest: Guest | None = None

    async def run(self, operation: str, argument: Any = "", **changes: Any) -> Outcome:
        if self._guest is None:
            self._guest = await self.component.instantiate()
        read_only = operation in self.component.manifest.read_only
        given = turn(
            operation,
            argument,
            **{
                "address": Address("default", KIND, "key"),
                "state": self.state,
                "read_only": read_only,
                **changes,
            },
        )
        outcome = await self._guest.run(given)
        if outcome.instance_lost:
            self.renew()
        if outcome.error is None and outcome.effects.state_written:
            self.state = outcome.effects.state
        return outcome

    def store(self, state: str | bytes) -> None:
        """Puts this in the place of the state; the next turn loads it."""
        self.state = text(state) if isinstance(state, str) else Payload(False, state)
        self.renew()

    def renew(self) -> None:
        """Drops the instance."""
        self.close()

    def close(self) -> None:
        if self._guest is not None:
            self._guest.close()
        self._guest = None

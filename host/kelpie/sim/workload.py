"""Who asks what: the operations of a run, their weights, and how many clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kelpie.ids import Address
from kelpie.runtime.kinds.configuration import Change
from kelpie.sim.cast import NAMESPACE, SIMULATED
from kelpie.sim.choice import DELETE, Choice, weighted
from kelpie.sim.history import BATCH
from kelpie.sim.invariants import Invariant, Setup
from kelpie.sim.tape import Tape
from kelpie.wasm.kind_configuration import Configuration, Secret
from kelpie.wasm.turn import Manifest

__all__ = ["Workload", "WorkloadInvalid"]

_BATCHES_PER_CENT: Final = 25


class WorkloadInvalid(ValueError):
    """The workload file says something that means nothing; the message, what."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the clients of one run do."""

    choices: tuple[Choice, ...]
    actors: int = 3
    """Of each kind whose `keys` are not said."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of actors, by their kind."""
    clients: int = 5
    requests: int = 200
    turns_min: int = 200
    faults_min: int = 5
    tries_max: int = 6
    think_ms_max: int = 30
    attempt_ms_max: int = 1_500
    unrecorded_per_cent: int = 8
    """Requests without an id of the client's: they are never asked again."""
    deletes_per_cent: int = 3
    """Requests that delete their actor, instead of an operation."""
    rates: Mapping[str, int] = field(default_factory=dict)
    """How often faults happen, where it differs from `faults.RATES`."""
    batches_per_cent: int = 0
    """Requests that are batches of operations, of a component that takes them."""
    config: Mapping[str, str] = field(default_factory=dict)
    """What is set for the kind before anybody asks."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """... and its secrets, which are made up: who shows a workload shows them."""
    setup: tuple[Setup, ...] = ()
    """What is done before there are faults."""
    invariants: tuple[Invariant, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What sets it."""
        every = Change("config", self.config), Change("secrets", self.secrets)
        return tuple(each for each in every if each.values)

    @property
    def configuration(self) -> Configuration:
        """What every turn of a run can read."""
        return Configuration(self.config, {n: Secret(v, 0) for n, v in self.secrets.items()})

    @property
    def deletes_kinds(self) -> bool:
        """Whether a kind may be deleted in the middle: not where others count on its actors,
        or on what was done to them, or to it, before."""
        kinds = {each.kind for each in self.choices}
        counted_on = self.setup or self.invariants or self.changes
        return kinds == {SIMULATED} and self.deletes_per_cent > 0 and not counted_on

    def choose(self, tape: Tape) -> Choice:
        # Drawn from the top, so that the quiet choice is to delete nothing.
        if tape.draw("workload/delete", 100) >= 100 - self.deletes_per_cent:
            kinds = {each.kind for each in self.choices}
            return DELETE if kinds == {SIMULATED} else self._deletion(tape)
        batches = self.batches_per_cent
        if batches and tape.draw("workload/batched", 100) >= 100 - batches:
            return Choice(BATCH, read_only=False, batch_of=self.choices)
        return weighted(self.choices, tape)

    def _deletion(self, tape: Tape) -> Choice:
        return replace(DELETE, kind=weighted(self.choices, tape).kind)

    def addresses(self, kind: str) -> list[Address]:
        """The actors of a kind that take part."""
        keys = self.keys.get(kind) or [f"actor-{number + 1}" for number in range(self.actors)]
        return [Address(NAMESPACE, kind, key) for key in keys]

    @classmethod
    def of(cls, manifest: Manifest, *, batches: bool = False) -> Workload:
        """The default workload of a component that is alone: every operation that it
        describes, and `batches` of them if it takes any.

        Raises:
            WorkloadInvalid: it describes none.
        """
        made = cls.of_kinds({SIMULATED: manifest})
        return replace(made, batches_per_cent=_BATCHES_PER_CENT if batches else 0)

    @classmethod
    def of_kinds(cls, manifests: Mapping[str, Manifest]) -> Workload:
        """The default workload of components that are deployed as these kinds. If there are
        several, nothing is deleted, for the others count on it.

        Raises:
            WorkloadInvalid: they describe no operation.
        """
        choices = tuple(
            Choice(each.name, each.read_only, schema=each.argument, kind=kind)
            for kind, manifest in manifests.items()
            for each in manifest.operations.values()
        )
        if not choices:
            raise WorkloadInvalid("the component describes no operation: give a workload")
        if len(manifests) == 1:
            return cls(choices)
        return cls(choices, deletes_per_cent=0)

"""Who asks what: the operations of a run, their weights, and how many clients."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from kelpie.errors import KelpieError
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.configuration import Change, Sort, check_change
from kelpie.runtime.envelope import DELETION
from kelpie.sim import schema
from kelpie.sim.faults import RATES
from kelpie.sim.history import BATCH
from kelpie.sim.tape import Tape
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration, Secret
from kelpie.wasm.turn import Manifest

__all__ = ["DELETE", "Choice", "Workload", "WorkloadInvalid"]

_WEIGHT_MAX: Final = 1_000_000
_COUNT_MAX: Final = 100_000
_BATCH_OPERATIONS_MAX: Final = 4
_BATCHES_PER_CENT: Final = 25


class WorkloadInvalid(ValueError):
    """The workload file says something that means nothing; the message, what."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An operation that clients may ask for. With `arguments`, one of those;
    otherwise one made from `schema`. With `batch_of`, a batch of some of these."""

    operation: str
    read_only: bool
    weight: int = 1
    arguments: tuple[Payload, ...] = ()
    schema: object = None
    deletes: bool = False
    """Whether it is no operation, but the deletion of the actor."""
    batch_of: tuple[Choice, ...] = ()

    def argument(self, tape: Tape) -> Payload:
        if self.batch_of:
            count = 1 + tape.draw("workload/batch", _BATCH_OPERATIONS_MAX)
            return text("".join(_line(_weighted(self.batch_of, tape), tape) for _ in range(count)))
        if self.arguments:
            return self.arguments[tape.draw("workload/argument", len(self.arguments))]
        return schema.argument(tape, self.schema)


DELETE: Final = Choice(DELETION, False, arguments=(text(""),), deletes=True)


@dataclass(frozen=True, slots=True)
class Workload:
    """What the clients of one run do."""

    choices: tuple[Choice, ...]
    actors: int = 3
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

    @property
    def changes(self) -> tuple[Change, ...]:
        """What sets it."""
        every = Change("config", self.config), Change("secrets", self.secrets)
        return tuple(each for each in every if each.values)

    @property
    def configuration(self) -> Configuration:
        """What every turn of a run can read."""
        return Configuration(self.config, {n: Secret(v, 0) for n, v in self.secrets.items()})

    def choose(self, tape: Tape) -> Choice:
        # Drawn from the top, so that the quiet choice is to delete nothing.
        if tape.draw("workload/delete", 100) >= 100 - self.deletes_per_cent:
            return DELETE
        batches = self.batches_per_cent
        if batches and tape.draw("workload/batched", 100) >= 100 - batches:
            return Choice(BATCH, read_only=False, batch_of=self.choices)
        return _weighted(self.choices, tape)

    @classmethod
    def of(cls, manifest: Manifest, *, batches: bool = False) -> Workload:
        """The default workload: every operation that the component describes,
        and `batches` of them if it takes any.

        Raises:
            WorkloadInvalid: it describes none.
        """
        choices = tuple(
            Choice(each.name, each.read_only, schema=each.argument)
            for each in manifest.operations.values()
        )
        if not choices:
            raise WorkloadInvalid("the component describes no operation: give a workload")
        return cls(choices, batches_per_cent=_BATCHES_PER_CENT if batches else 0)

    @classmethod
    def read(cls, path: Path, manifest: Manifest, *, batches: bool = False) -> Workload:
        """The workload of a TOML file, over the default one.

        ```toml
        actors = 3
        clients = 5
        requests = 200

        [operations.add]
        weight = 3
        arguments = [1, -2, {amount = 10}]

        [faults]            # in a million occasions
        corruption = 0

        [config]            # what is set for the kind; [secrets] likewise
        CURRENCY = "EUR"
        ```

        With an `operations` table only those are asked for, and deletions.

        Raises:
            WorkloadInvalid: with the place and what may stand there.
            OSError: the file cannot be read.
        """
        try:
            given = tomllib.loads(path.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WorkloadInvalid(f"{path} is no TOML: {error}") from error
        counts: dict[str, Any] = {n: _count(given, n) for n in _COUNTS if n in given}
        known = {*_COUNTS, "operations", "faults", "config", "secrets"}
        if unknown := sorted(set(given) - known):
            raise WorkloadInvalid(f"{path}: no such key: {unknown}; there are {sorted(known)}")
        workload = cls.of(manifest, batches=batches)
        if counts.get("batches_per_cent") and not batches:
            raise WorkloadInvalid(
                f"{path}: the component takes no batches: leave batches_per_cent out"
            )
        if "operations" in given:
            choices = _choices(given["operations"], manifest)
            workload = replace(workload, choices=choices)
        return replace(
            workload,
            rates=_rates(given.get("faults", {})),
            config=_values("config", given.get("config", {})),
            secrets=_values("secrets", given.get("secrets", {})),
            **counts,
        )


_COUNTS: Final = (
    "actors",
    "clients",
    "requests",
    "turns_min",
    "faults_min",
    "tries_max",
    "think_ms_max",
    "attempt_ms_max",
    "unrecorded_per_cent",
    "deletes_per_cent",
    "batches_per_cent",
)
_PER_CENT: Final = ("unrecorded_per_cent", "deletes_per_cent", "batches_per_cent")


def _count(table: Mapping[str, Any], name: str, low: int = 1, high: int = _COUNT_MAX) -> int:
    given = table[name]
    low = 0 if name in ("faults_min", "turns_min", *_PER_CENT) else low
    high = 100 if name in _PER_CENT else high
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
        raise WorkloadInvalid(f"{name} must be a whole number of {low} to {high}, not {given!r}")
    return given


def _weighted(choices: tuple[Choice, ...], tape: Tape) -> Choice:
    point = tape.draw("workload/operation", sum(each.weight for each in choices))
    for choice in choices:
        point -= choice.weight
        if point < 0:
            return choice
    raise AssertionError("a point lies below the sum of the weights")


def _line(choice: Choice, tape: Tape) -> str:
    """One operation of a batch, as clients send it."""
    argument = choice.argument(tape).data.decode()
    given = f',"argument":{argument}' if argument else ""
    return f'{{"operation":{json.dumps(choice.operation)}{given}}}\n'


def _choices(table: object, manifest: Manifest) -> tuple[Choice, ...]:
    if not isinstance(table, dict) or not table:
        raise WorkloadInvalid("operations must be tables, one for each operation")
    return tuple(_choice(name, entry, manifest) for name, entry in table.items())


def _choice(name: str, entry: object, manifest: Manifest) -> Choice:
    if not isinstance(entry, dict) or set(entry) - {"weight", "arguments"}:
        raise WorkloadInvalid(f"operations.{name} may have weight and arguments, not {entry!r}")
    described = manifest.operations.get(name)
    weight = _count(entry, "weight", high=_WEIGHT_MAX) if "weight" in entry else 1
    arguments = entry.get("arguments")
    if arguments is not None and (not isinstance(arguments, list) or not arguments):
        raise WorkloadInvalid(
            f"operations.{name}.arguments must be a list with at least one: leave it out to have "
            "arguments made"
        )
    return Choice(
        name,
        described is not None and described.read_only,
        weight,
        tuple(text(schema.encoded(each)) for each in arguments or ()),
        None if described is None else described.argument,
    )


def _values(sort: Sort, table: object) -> Mapping[str, str]:
    if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
        raise WorkloadInvalid(f"{sort} must be a table of texts")
    try:
        change = check_change(sort, table, DEFAULT_LIMITS)
        change.applied_to(NO_CONFIGURATION, 0, DEFAULT_LIMITS, "the kind")
    except KelpieError as error:
        raise WorkloadInvalid(f"{sort}: {error.message}") from None
    return table


def _rates(table: object) -> Mapping[str, int]:
    if not isinstance(table, dict):
        raise WorkloadInvalid("faults must be a table")
    if unknown := sorted(set(table) - set(RATES)):
        raise WorkloadInvalid(f"no such faults: {unknown}; there are {sorted(RATES)}")
    return {name: _count(table, name, low=0, high=1_000_000) for name in table}

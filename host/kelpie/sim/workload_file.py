"""Reads the file that says what a run's clients ask, and what must hold."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from kelpie.errors import KelpieError
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.kinds.configuration import Sort, check_change
from kelpie.sim import schema
from kelpie.sim.cast import SIMULATED
from kelpie.sim.choice import Choice
from kelpie.sim.faults import RATES
from kelpie.sim.workload import Workload, WorkloadInvalid
from kelpie.sim.workload_numbers import COUNTS, count
from kelpie.sim.workload_promises import read_invariants, read_setup
from kelpie.wasm.kind_configuration import NO_CONFIGURATION
from kelpie.wasm.turn import Manifest

__all__ = ["read_workload"]

_WEIGHT_MAX: Final = 1_000_000
_KEYS_MAX: Final = 10_000
_TABLES: Final = frozenset(
    ("config", "faults", "invariants", "kinds", "operations", "secrets", "setup")
)


def read_workload(path: Path, manifests: Mapping[str, Manifest], default: Workload) -> Workload:
    """The workload of a TOML file, over the default one of these kinds: see
    `docs/simulation.md`.

    Raises:
        WorkloadInvalid: with the place and what may stand there.
        OSError: the file cannot be read.
    """
    try:
        given = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkloadInvalid(f"{path} is no TOML: {error}") from error
    numbers: dict[str, Any] = {name: count(given, name) for name in COUNTS if name in given}
    known = {*_TABLES, *COUNTS}
    if unknown := sorted(set(given) - known):
        raise WorkloadInvalid(f"{path}: no such key: {unknown}; there are {sorted(known)}")
    if numbers.get("batches_per_cent") and not default.batches_per_cent:
        raise WorkloadInvalid(f"{path}: the component takes no batches: leave batches_per_cent out")
    lone = list(manifests) == [SIMULATED]
    unfit = "kinds" if lone else "operations"
    if unfit in given:
        told = "there is one component" if lone else "say kinds.NAME.operations of each"
        raise WorkloadInvalid(f"{path}: {unfit} means nothing here: {told}")
    workload = replace(
        default,
        rates=_rates(given.get("faults", {})),
        config=_values("config", given.get("config", {})),
        secrets=_values("secrets", given.get("secrets", {})),
        **numbers,
    )
    if "operations" in given:
        choices = _choices(given["operations"], SIMULATED, manifests[SIMULATED])
        workload = replace(workload, choices=choices)
    workload = _with_kinds(workload, given.get("kinds", {}), manifests)
    return replace(
        workload,
        setup=read_setup(given.get("setup", []), manifests, workload),
        invariants=read_invariants(given.get("invariants", []), manifests, workload),
    )


def _with_kinds(workload: Workload, table: object, manifests: Mapping[str, Manifest]) -> Workload:
    """What is said of single kinds; of the others all that they describe is asked for."""
    if not isinstance(table, dict) or set(table) - set(manifests):
        raise WorkloadInvalid(f"kinds must be tables, of {sorted(manifests)}")
    keys = dict(workload.keys)
    choices = list(workload.choices)
    for kind, entry in table.items():
        if not isinstance(entry, dict) or set(entry) - {"actors", "keys", "operations"}:
            raise WorkloadInvalid(f"kinds.{kind} may have actors, keys and operations")
        if "keys" in entry or "actors" in entry:
            keys[kind] = _keys(kind, entry)
        if "operations" in entry:
            choices = [each for each in choices if each.kind != kind]
            # With an empty table nobody asks them anything but each other.
            if entry["operations"] != {}:
                choices += _choices(entry["operations"], kind, manifests[kind])
    if not choices:
        raise WorkloadInvalid("nobody is asked for anything: give one kind operations")
    return replace(workload, keys=keys, choices=tuple(choices))


def _keys(kind: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    if "keys" not in entry:
        return tuple(f"actor-{number + 1}" for number in range(count(entry, "actors")))
    keys = entry["keys"]
    wanted = f"kinds.{kind}.keys must be a list of different keys, or else actors their number"
    if "actors" in entry or not isinstance(keys, list) or not 1 <= len(keys) <= _KEYS_MAX:
        raise WorkloadInvalid(wanted)
    if not all(isinstance(key, str) and key for key in keys) or len(set(keys)) < len(keys):
        raise WorkloadInvalid(wanted)
    return tuple(keys)


def _choices(table: object, kind: str, manifest: Manifest) -> tuple[Choice, ...]:
    if not isinstance(table, dict) or not table:
        raise WorkloadInvalid("operations must be tables, one for each operation")
    return tuple(_choice(name, entry, kind, manifest) for name, entry in table.items())


def _choice(name: str, entry: object, kind: str, manifest: Manifest) -> Choice:
    if not isinstance(entry, dict) or set(entry) - {"weight", "arguments"}:
        raise WorkloadInvalid(f"operations.{name} may have weight and arguments, not {entry!r}")
    described = manifest.operations.get(name)
    weight = count(entry, "weight", high=_WEIGHT_MAX) if "weight" in entry else 1
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
        kind=kind,
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
    return {name: count(table, name, low=0, high=1_000_000) for name in table}

"""The same counter in each language, side by side: its turn, its instances.

It is the project that `kelpie new` makes, with the SDK of the language. A turn is measured
twice: as in `turn`, from the mailbox to the committed effects; and in the guest alone. Of
instances it is what a fresh one and its first turn take, and what a live one takes of the
machine's memory that it shares with nobody.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks import child
from benchmarks.child import ChildFailed
from benchmarks.counters import Counter, counters
from benchmarks.effort import Place
from benchmarks.guest_alone import figures_of
from benchmarks.in_process import NAMESPACE, InProcess, with_host
from benchmarks.row import Goal, Row
from benchmarks.rows.turn import CALLERS, CASES, turns_of_all
from kelpie.projects.project import BY_NAME

__all__ = ["run"]

FIRST = "rust"
"""What the others are compared with."""
_MADE = "counters.json"


class _What(NamedTuple):
    """A row for each language."""

    key: str
    title: str
    figure: str
    """Its name among the figures of a language; that of its ratio has `_ratio` behind it."""
    unit: str
    goals: Mapping[str, Goal] = {}


_TIMES_OF_FIRST = dict.fromkeys(BY_NAME, Goal(at_least=False, bound=2.0, of_ratio=True))
_FIRST_TURN_MS = {
    name: Goal(at_least=False, bound=bound)
    for name, bound in (("rust", 0.3), ("go", 2.0), ("python", 3.0))
}
_TABLE = (
    *(
        _What(
            f"turn_{case}",
            f"turn in process, {CALLERS} callers, {where}",
            f"{case}_us",
            "us/turn",
            _TIMES_OF_FIRST,
        )
        for case, (_, where) in CASES.items()
    ),
    _What("turn_alone", "processor time of a turn, guest alone", "turn_us", "us/turn"),
    _What("turn_fuel", "fuel of a turn", "fuel", "fuel"),
    _What(
        "first_turn", "a fresh instance and its first turn", "first_turn_ms", "ms", _FIRST_TURN_MS
    ),
    _What("instance", "memory of a live idle instance", "instance_kb", "KB"),
)


def run(place: Place) -> list[Row]:
    made = counters(place)
    if FIRST not in made:
        raise ChildFailed(f"the others are compared with {FIRST}, whose toolchain is not here")
    figures = {name: figures_of(each.component, place) for name, each in made.items()}
    for of in figures.values():
        for figure in ("turn_us", "fuel"):
            of[f"{figure}_ratio"] = of[figure] / figures[FIRST][figure]
    (place.directory / _MADE).write_text(json.dumps(made, default=str))
    for name, figure in child.run(__name__, place).items():
        language, _, told = name.partition(" ")
        figures[language][told] = figure
    return [row for what in _TABLE for row in _rows(what, figures)]


def _rows(what: _What, figures: Mapping[str, child.Figures]) -> list[Row]:
    return [
        Row(
            key=f"{what.key}_{name}",
            title=f"{BY_NAME[name].title}: {what.title}",
            value=of[what.figure],
            unit=what.unit,
            ratio=of.get(f"{what.figure}_ratio"),
            ratio_to=f"{what.key}_{FIRST}" if f"{what.figure}_ratio" in of else "",
            goal=what.goals.get(name),
        )
        for name, of in figures.items()
    ]


def measure(place: Place) -> child.Figures:
    """By language and figure. All are on one host, and take turns within each round."""
    found = json.loads((place.directory / _MADE).read_text())
    made = {name: Counter(Path(file), operation) for name, (file, operation) in found.items()}

    async def work(host: InProcess) -> child.Figures:
        for name, counter in made.items():
            await host.runtime.deploy(NAMESPACE, name, counter.component.read_bytes())
        figures: child.Figures = {}
        for case, (keys, _) in CASES.items():
            figures |= await _case(host, made, case, keys, place)
        return figures

    return with_host(place.directory, work)


async def _case(
    host: InProcess, made: Mapping[str, Counter], case: str, keys: int, place: Place
) -> child.Figures:
    """Microseconds that passed for each turn, and the median of what they are in a round to
    those of the first."""
    rounds: list[dict[str, float]] = []
    for number in range(place.effort.rounds + 1):
        order = list(made) if number % 2 else list(reversed(made))
        found = {name: await _turns(host, name, made[name], keys, place) for name in order}
        if number:  # the first made the instances
            rounds.append(found)
    return {
        **{f"{name} {case}_us": statistics.median(each[name] for each in rounds) for name in made},
        **{
            f"{name} {case}_us_ratio": statistics.median(
                each[name] / each[FIRST] for each in rounds
            )
            for name in made
        },
    }


async def _turns(host: InProcess, kind: str, counter: Counter, keys: int, place: Place) -> float:
    async def ask(key: str) -> None:
        await host.turn(kind, key, counter.operation)

    await asyncio.gather(*(ask(f"k{number}") for number in range(keys)))
    passed_us, _ = await turns_of_all(ask, keys, place.effort.turns // 5)
    return passed_us


if __name__ == "__main__":
    child.main(measure)

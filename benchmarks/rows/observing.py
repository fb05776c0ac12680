"""What it costs that the host counts and logs: against a host that does neither.

Three hosts take turns under the same load: one that is not observed at all, one
with its default settings, and one that logs every request as well.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import replace

from benchmarks import generator, host
from benchmarks.effort import Place
from benchmarks.load import Load, Measured
from benchmarks.row import Goal, Row

__all__ = ["run"]

CONNECTIONS = 64
WARM_SECONDS = 1.0
ROUNDS_FACTOR = 3
"""The difference is small: it takes more rounds than others do to see it."""
UNOBSERVED = ["-m", "benchmarks.unobserved"]
TITLES = {
    "unobserved": "floor: neither metrics nor logs, 64 connections, one key",
    "observed": "metrics and logs as by default",
    "observed_all": "metrics, and a log line for each request",
}
GOAL = Goal(at_least=True, bound=0.95, of_ratio=True)


def run(place: Place) -> list[Row]:
    seconds = place.effort.seconds
    offered = Load(connections=CONNECTIONS, seconds=seconds, path=host.increment_path())
    warm = replace(offered, seconds=min(seconds, WARM_SECONDS))
    rounds: list[dict[str, tuple[Measured, float]]] = []
    with ExitStack() as stack:
        enter, directory = stack.enter_context, place.directory
        systems = [
            enter(host.serving(directory, "unobserved", UNOBSERVED)),
            enter(host.serving(directory, "observed")),
            enter(host.serving(directory, "observed_all", options="--log-requests all")),
        ]
        for each in systems:
            generator.run(warm, each.port)
        for _ in range(place.effort.rounds * ROUNDS_FACTOR):
            systems.reverse()
            measured = {}
            for each in systems:
                cpu = each.cpu_seconds()
                answered = generator.run(offered, each.port)
                spent = each.cpu_seconds() - cpu
                measured[each.name] = answered, spent * 1e6 / answered.requests
            rounds.append(measured)
    return [_row(name, rounds) for name in ("observed", "observed_all", "unobserved")]


def _row(name: str, rounds: list[dict[str, tuple[Measured, float]]]) -> Row:
    samples = [each[name] for each in rounds]
    is_floor = name == "unobserved"
    ratios = [each[name][0].rate / each["unobserved"][0].rate for each in rounds]
    return Row(
        key=name,
        title=TITLES[name],
        value=statistics.median(measured.rate for measured, _ in samples),
        unit="requests/s",
        ratio=None if is_floor else statistics.median(ratios),
        ratio_to="" if is_floor else "unobserved",
        goal=GOAL if name == "observed" else None,
        details={
            "p50_ms": statistics.median(measured.p50_ms for measured, _ in samples),
            "p99_ms": statistics.median(measured.p99_ms for measured, _ in samples),
            "cpu_us": statistics.median(cpu for _, cpu in samples),
        },
    )

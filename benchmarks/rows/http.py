"""Durable increments over HTTP, against two floors that take turns with the host.

In each round every system gets the same load for the same time, in an order
that is reversed from round to round. Ratios are made within a round: what else
the machine does then falls on all of them alike.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import ceil
from uuid import uuid4

from benchmarks import generator, host
from benchmarks.effort import Place
from benchmarks.load import Load, Measured
from benchmarks.row import Goal, Row
from benchmarks.server import Server, started

__all__ = ["CASES", "Case", "run"]

FLOOR_RATIO_MIN = 0.75
"""A log that costs more than this of bare HTTP is badly written, and no floor."""
WARM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    key: str
    title: str
    connections: int
    keys: int = 0
    recorded: bool = False
    goal: float | None = None


CASES = (
    Case("http_1", "1 connection", 1, goal=0.75),
    Case("http_64_hot", "64 connections, one key", 64, goal=0.55),
    Case("http_64_keys", "64 connections, 1,000 keys", 64, keys=1_000, goal=0.42),
    Case("http_64_keys_recorded", "the same with Idempotency-Keys", 64, keys=1_000, recorded=True),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One system in one round, with what it spent on each request."""

    measured: Measured
    written_bytes: float
    cpu_us: float


def run(case: Case, place: Place) -> list[Row]:
    """Kelpie's row, and those of its two floors."""
    seconds = place.effort.seconds
    offered = Load(
        connections=case.connections, seconds=seconds, path=host.increment_path(), keys=case.keys
    )
    warm = replace(offered, seconds=min(seconds, WARM_SECONDS))
    with ExitStack() as stack:
        kelpie = stack.enter_context(host.serving(place.directory))
        _sample(kelpie, warm, case)
        record_bytes = ceil(_sample(kelpie, warm, case).written_bytes)
        floor = ["-m", "benchmarks.floors", "PORT"]
        bare = stack.enter_context(started("bare", floor, place.directory))
        log_file = str(place.directory / f"{case.key}.log")
        logged = stack.enter_context(
            started("log", [*floor, log_file, str(record_bytes)], place.directory)
        )
        systems = [kelpie, bare, logged]
        for each in systems:
            _sample(each, warm, case)
        rounds = []
        for _ in range(place.effort.rounds):
            systems.reverse()
            rounds.append({each.name: _sample(each, offered, case) for each in systems})
    return _rows(case, rounds)


def _sample(server: Server, offered: Load, case: Case) -> Sample:
    """Puts the load on a server. Ids are unique over all samples."""
    if case.recorded:
        offered = replace(offered, id_prefix=f"{uuid4().hex[:12]}-")
    written, cpu = server.written_bytes(), server.cpu_seconds()
    measured = generator.run(offered, server.port)
    server.check_alive()
    # What was not sent to the clients went to files.
    to_files = server.written_bytes() - written - measured.received_bytes
    return Sample(
        measured,
        max(0, to_files) / measured.requests,
        (server.cpu_seconds() - cpu) * 1e6 / measured.requests,
    )


def _rows(case: Case, rounds: Sequence[dict[str, Sample]]) -> list[Row]:
    bare = _row(case, rounds, "bare", f"floor: bare aiohttp, {case.title}")
    logged = _row(case, rounds, "log", f"floor: aiohttp + log, {case.title}", ratio_to="bare")
    assert logged.ratio is not None, "it was asked for"
    if case.connections > 1 and logged.ratio < FLOOR_RATIO_MIN:
        reason = f"this is no floor: below {FLOOR_RATIO_MIN} of bare aiohttp"
        logged = replace(logged, warning=reason)
    kelpie = _row(case, rounds, "kelpie", f"durable increment, {case.title}", ratio_to="log")
    goal = None if case.goal is None else Goal(at_least=True, bound=case.goal, of_ratio=True)
    kelpie = replace(kelpie, goal=goal, warning=_unequal(kelpie, logged))
    return [kelpie, logged, bare]


def _unequal(kelpie: Row, logged: Row) -> str:
    """Says so where the floor was spared bytes that Kelpie wrote."""
    ours, theirs = (row.details["written_bytes"] for row in (kelpie, logged))
    if theirs >= 0.9 * ours:
        return ""
    return f"it wrote {ours:,.0f} bytes a request, and its floor only {theirs:,.0f}"


def _row(
    case: Case, rounds: Sequence[dict[str, Sample]], name: str, title: str, ratio_to: str = ""
) -> Row:
    samples = [each[name] for each in rounds]
    ratio = None
    if ratio_to:
        pairs = [(each[name].measured.rate, each[ratio_to].measured.rate) for each in rounds]
        ratio = statistics.median(ours / floor for ours, floor in pairs)
    return Row(
        key=case.key if name == "kelpie" else f"{case.key}_floor_{name}",
        title=title,
        value=statistics.median(each.measured.rate for each in samples),
        unit="requests/s",
        ratio=ratio,
        ratio_to=f"{case.key}_floor_{ratio_to}" if ratio_to else "",
        details={
            "p50_ms": statistics.median(each.measured.p50_ms for each in samples),
            "p99_ms": statistics.median(each.measured.p99_ms for each in samples),
            "cpu_us": statistics.median(each.cpu_us for each in samples),
            "written_bytes": statistics.median(each.written_bytes for each in samples),
        },
    )

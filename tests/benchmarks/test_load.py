"""The load generators: they count what was answered, and fail when an answer is no success."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import client, wrk
from benchmarks.load import Load, LoadFailed, Measured
from benchmarks.server import Server, started

Generator = Callable[[Load, int], Measured]

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
GENERATORS = [
    pytest.param(client.run, id="client"),
    pytest.param(wrk.run, id="wrk", marks=needs_wrk),
]


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Server]:
    with started("bare", ["-m", "benchmarks.floors", "PORT"], tmp_path) as server:
        yield server


def load(path: str = "/%s", **further: object) -> Load:
    return Load(**{"connections": 2, "seconds": 0.1, "path": path} | further)  # type: ignore[arg-type]


@pytest.mark.parametrize("run", GENERATORS)
def test_answers_are_counted(run: Generator, floor: Server) -> None:
    measured = run(load(keys=3, id_prefix="test-", body="{}"), floor.port)
    assert measured.requests > 0
    assert 0 < measured.p50_ms <= measured.p99_ms


@pytest.mark.parametrize("run", GENERATORS)
def test_refused_requests_fail_the_run(run: Generator, floor: Server) -> None:
    with pytest.raises(LoadFailed, match=r"400|status"):
        run(load(path="/too-long" * 2000 + "%s"), floor.port)


def test_wrk_output_with_failures_is_no_measurement() -> None:
    line = (
        '{"requests": 9, "bytes": 900, "duration_us": 1000000, '
        '"p50_us": 10, "p99_us": 20, "max_us": 30, '
        '"status": 2, "connect": 0, "read": 0, "write": 0, "timeout": 0}'
    )
    with pytest.raises(LoadFailed, match="status"):
        wrk.parse(f"Running 1s test\n\n{line}\n")
    measured = wrk.parse(line.replace('"status": 2', '"status": 0'))
    assert (measured.rate, measured.p99_ms) == (9, 0.02)

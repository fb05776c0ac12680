from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kelpie.sim.command import simulate
from tests.sim.seeded_bugs import COMPONENTS, stale_instance_kept_after_a_failed_commit

COUNTER = COMPONENTS["counter"]


@pytest.fixture
def cache(compiled_cache: Path) -> Path:
    return compiled_cache


def test_all_seeds_hold(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(COUNTER, seeds=3, processes=1, cache_directory=cache) == 0
    out = capsys.readouterr().out
    assert out.index("first_seed  0") < out.index("3 seeds")
    assert out.endswith("passed\n")
    assert re.search(r"\d{3,} turns \(at least 2\d\d a seed\)", out)
    assert "conflict-storm" in out
    assert re.search(r"^trace hash: [0-9a-f]{32}$", out, re.MULTILINE)


def test_for_programs(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stale_instance_kept_after_a_failed_commit():
        status = simulate(COUNTER, seeds=1, processes=1, cache_directory=cache, as_json=True)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (status, told["passed"], told["seeds"], told["failed"]) == (1, False, 1, [0])
    assert told["turns"] >= 1
    assert told["faults"].keys() >= {"conflict-storm"}
    assert "FAILED: seeds 0" in err


def test_processes_say_the_same_as_one(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = []
    for processes in (1, 2):
        assert simulate(COUNTER, seeds=5, processes=processes, cache_directory=cache) == 0
        totals.append(capsys.readouterr().out.partition("5 seeds")[2])
    assert totals[0] == totals[1] != ""


def test_a_failure_is_told_shrunk_and_kept(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "failure.json"
    with stale_instance_kept_after_a_failed_commit():
        status = simulate(COUNTER, seed=0, processes=1, cache_directory=cache, save_tape=tape)
        out = capsys.readouterr().out
        assert status == 1
        assert f"repeat it: DST_SEED=0 kelpie sim {COUNTER}" in out
        assert "linearizability: no order explains" in out
        shrunk = re.search(r"shrunk in .* and (\d+) choices to \d+ and (\d+):", out)
        assert shrunk
        kept = json.loads(tape.read_text())
        choices = sum(map(len, kept["choices"].values()))
        assert int(shrunk[2]) <= choices < int(shrunk[1]) / 20
        assert simulate(COUNTER, tape=tape, cache_directory=cache) == 1
        assert "linearizability" in capsys.readouterr().out
    # Without the bug the same tape is a good run.
    assert simulate(COUNTER, tape=tape, cache_directory=cache) == 0


def test_what_cannot_be_simulated(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish = tmp_path / "rubbish.wasm"
    rubbish.write_bytes(b"not wasm")
    workload = tmp_path / "workload.toml"
    workload.write_text("actors = 0")
    assert simulate(rubbish, cache_directory=cache) == 2
    assert simulate(tmp_path / "absent.wasm", cache_directory=cache) == 2
    assert simulate(COUNTER, workload=workload, cache_directory=cache) == 2
    err = capsys.readouterr().err
    assert err.count("kelpie: ") == 3
    assert "actors must be" in err


def test_a_workload_of_ones_own(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = tmp_path / "workload.toml"
    workload.write_text("clients = 2\nrequests = 30\nturns_min = 0\n[operations.increment]\n")
    assert simulate(COUNTER, seeds=2, workload=workload, cache_directory=cache) == 0
    out = capsys.readouterr().out
    assert "increment x1\n" in out
    assert re.search(r" {7}clients  2\n", out)

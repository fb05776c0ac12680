from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelpie.ids import text
from kelpie.sim.cast import SIMULATED
from kelpie.sim.choice import DELETE
from kelpie.sim.history import BATCH
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace
from kelpie.sim.workload import Workload, WorkloadInvalid
from kelpie.sim.workload_file import read_workload
from kelpie.wasm.turn import Manifest, Operation

MANIFEST = Manifest(
    "",
    {
        "get": Operation("get", read_only=True),
        "add": Operation("add", argument={"type": "integer"}),
    },
)


def _read(tmp_path: Path, content: str, *, batches: bool = False) -> Workload:
    path = tmp_path / "w.toml"
    path.write_text(content)
    return read_workload(path, {SIMULATED: MANIFEST}, Workload.of(MANIFEST, batches=batches))


def test_by_default_everything_described_is_asked_for() -> None:
    workload = Workload.of(MANIFEST)
    assert [(each.operation, each.read_only) for each in workload.choices] == [
        ("get", True),
        ("add", False),
    ]
    assert workload.turns_min >= 200
    assert workload.faults_min >= 5


def test_a_component_that_describes_nothing_needs_a_workload() -> None:
    with pytest.raises(WorkloadInvalid, match="describes no operation"):
        Workload.of(Manifest("", {}))


def test_a_file_says_what_differs(tmp_path: Path) -> None:
    workload = _read(
        tmp_path,
        """
        actors = 2
        unrecorded_per_cent = 0
        [operations.add]
        weight = 3
        arguments = [1, {amount = 10}, ""]
        [operations.undescribed]
        [faults]
        corruption = 0
        killed = 1000000
        """,
    )
    add, undescribed = workload.choices
    assert add.weight == 3
    assert add.arguments == (text("1"), text('{"amount":10}'), text('""'))
    assert undescribed == undescribed.__class__("undescribed", False)
    assert workload.actors == 2
    assert workload.clients == Workload.of(MANIFEST).clients
    assert workload.rates == {"corruption": 0, "killed": 1_000_000}


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == Workload.of(MANIFEST)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("actors = ", "is no TOML"),
        ("actor = 1", "no such key"),
        ("actors = 0", "actors must be"),
        ("actors = true", "actors must be"),
        ("unrecorded_per_cent = 101", "of 0 to 100"),
        ("deletes_per_cent = -1", "of 0 to 100"),
        ("batches_per_cent = 101", "of 0 to 100"),
        ("batches_per_cent = 1", "takes no batches"),
        ("operations = 1", "operations must be"),
        ("[operations]", "operations must be"),
        ("[operations.add]\nwight = 1", "operations.add"),
        ("[operations.add]\nweight = 0", "weight must be"),
        ("[operations.add]\narguments = 1", "arguments must be a list"),
        ("[operations.add]\narguments = []", "with at least one"),
        ("[faults]\nearthquake = 1", "no such faults"),
        ("[faults]\nkilled = -1", "killed must be"),
        ("faults = 1", "faults must be a table"),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(WorkloadInvalid, match=reason):
        _read(tmp_path, content)


@pytest.mark.parametrize(("given", "least", "most"), [("", 10, 60), ("deletes_per_cent = 0", 0, 0)])
def test_some_requests_are_deletions(tmp_path: Path, given: str, least: int, most: int) -> None:
    workload = _read(tmp_path, given)
    tape = Tape.from_seed(1, Trace())
    chosen = [workload.choose(tape) for _ in range(1000)]
    assert least <= chosen.count(DELETE) <= most


def test_a_component_that_takes_batches_is_asked_for_some(tmp_path: Path) -> None:
    assert Workload.of(MANIFEST).batches_per_cent == 0
    workload = Workload.of(MANIFEST, batches=True)
    tape = Tape.from_seed(1, Trace())
    chosen = [workload.choose(tape) for _ in range(1000)]
    batches = [each for each in chosen if each.operation == BATCH]
    assert 200 < len(batches) < 300
    assert not any(each.read_only for each in batches)
    asked = set()
    for each in batches:
        lines = each.argument(tape).data.decode().splitlines()
        assert 1 <= len(lines) <= 4
        for line in map(json.loads, lines):
            asked.add(line["operation"])
            assert ("argument" in line) == (line["operation"] == "add")
    assert asked == {"get", "add"}

    assert _read(tmp_path, "batches_per_cent = 0", batches=True).batches_per_cent == 0
    every = _read(tmp_path, "batches_per_cent = 100", batches=True)
    assert every.choose(tape).operation == BATCH


def test_weights_count(tmp_path: Path) -> None:
    workload = _read(tmp_path, "[operations.add]\nweight = 9\n[operations.get]\nweight = 1")
    tape = Tape.from_seed(1, Trace())
    chosen = [workload.choose(tape).operation for _ in range(1000)]
    assert 8 * chosen.count("get") < chosen.count("add") < 11 * chosen.count("get")


def test_what_is_set_for_the_kind(tmp_path: Path) -> None:
    workload = _read(tmp_path, '[config]\nCOLOR = "red"\n[secrets]\nTOKEN = "abc"\n')
    assert workload.configuration.config == {"COLOR": "red"}
    assert workload.configuration.secrets["TOKEN"].value == "abc"
    assert [(each.sort, each.values) for each in workload.changes] == [
        ("config", {"COLOR": "red"}),
        ("secrets", {"TOKEN": "abc"}),
    ]
    assert Workload.of(MANIFEST).changes == ()


@pytest.mark.parametrize(
    "content",
    ["config = 1", "[config]\nA = 1", '[config]\n"A B" = "x"', f'[config]\nA = "{"x" * 70_000}"'],
)
def test_what_cannot_be_set(tmp_path: Path, content: str) -> None:
    with pytest.raises(WorkloadInvalid, match="config"):
        _read(tmp_path, content)

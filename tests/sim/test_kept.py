from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelpie.sim.command import simulate
from kelpie.sim.kept import KeptRun, TapeInvalid
from tests.sim.seeded_bugs import COMPONENTS

KEPT = KeptRun("some component", 7, 12, {"nemesis": [0, 3], "fault/crash": [1]})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    KEPT.write(tmp_path / "tape")
    assert KeptRun.read(tmp_path / "tape", KEPT.of) == KEPT


def test_a_tape_of_another_component_is_refused(tmp_path: Path) -> None:
    KEPT.write(tmp_path / "tape")
    with pytest.raises(TapeInvalid, match="another component"):
        KeptRun.read(tmp_path / "tape", "other")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[" * 100_000,
        b"null",
        b"[1]",
        b"{}",
        json.dumps({"of": "it", "seed": 1, "requests": 2, "choices": []}).encode(),
        json.dumps({"of": "it", "seed": -1, "requests": 2, "choices": {}}).encode(),
        json.dumps({"of": "it", "seed": True, "requests": 2, "choices": {}}).encode(),
        json.dumps({"of": "it", "seed": 1, "requests": 2, "choices": {"a": ["b"]}}).encode(),
        json.dumps({"of": "it", "seed": 1, "requests": 2, "choices": {}, "more": 1}).encode(),
    ],
)
def test_what_is_no_tape(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tape").write_bytes(content)
    with pytest.raises(TapeInvalid, match="no tape"):
        KeptRun.read(tmp_path / "tape", "it")


def test_the_command_says_what_is_wrong_with_a_tape(
    tmp_path: Path, compiled_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KEPT.write(tmp_path / "tape")
    cache = compiled_cache
    assert simulate(COMPONENTS["counter"], tape=tmp_path / "tape", cache_directory=cache) == 2
    assert simulate(COMPONENTS["counter"], tape=tmp_path / "none", cache_directory=cache) == 2
    err = capsys.readouterr().err
    assert err.count("kelpie: ") == 2
    assert "none: No such file" in err
    assert "another component" in err

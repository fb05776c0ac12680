"""Files without an end, and pipes: a command reads no more of them than is allowed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kelpie.cli.main import main
from kelpie.limits import DEFAULT_LIMITS

# Never read whole; else the memory of this machine would not be enough.
ENDLESS = "/dev/zero"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["deploy", ENDLESS, "--name", "x"], "component_bytes_max"),
        (["check", ENDLESS, "--name", "x"], "component_bytes_max"),
        (["inspect", ENDLESS], "component_bytes_max"),
        (["batch", "counter/a", ENDLESS], "payload_bytes_max"),
    ],
)
def test_a_file_without_an_end(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(words) == 1
    assert told in capsys.readouterr().err


def test_a_pipe_that_has_too_much(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = io.BytesIO(b"1" * (DEFAULT_LIMITS.payload_bytes_max + 100))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(pipe))
    assert main(["invoke", "counter/a", "add", "-"]) == 1
    assert "payload_bytes_max" in capsys.readouterr().err
    assert len(pipe.read()) < 100


def test_a_file_of_the_largest_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "large.wasm").open("wb") as file:
        file.truncate(DEFAULT_LIMITS.component_bytes_max)
    assert main(["inspect", str(tmp_path / "large.wasm")]) == 1
    assert "component-invalid" in capsys.readouterr().err

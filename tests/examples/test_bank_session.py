"""What the README of the bank shows is run, and prints what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.sessions import Command, commands_of, differences, run
from tests.examples.bank import BANK, CannotBuild, write_components

README = BANK / "README.md"


@pytest.mark.slow
def test_the_walk_goes_as_shown(tmp_path: Path, compiled_cache: Path) -> None:
    try:
        write_components(tmp_path, compiled_cache)
    except CannotBuild as reason:
        pytest.skip(str(reason))
    (tmp_path / "workload.toml").symlink_to(BANK / "workload.toml")
    (tmp_path / "kelpie-data").mkdir(mode=0o700)
    for compiled in (tmp_path / "kelpie-data", tmp_path / ".cache" / "kelpie"):
        compiled.mkdir(parents=True, exist_ok=True)
        (compiled / "compiled").symlink_to(compiled_cache)
    commands = [Command("kelpie serve", ""), *commands_of(README)]
    wrong = differences(commands, run(commands, tmp_path))
    assert not wrong, "\n\n".join(wrong)

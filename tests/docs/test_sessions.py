"""Every command that the documents show is run, and prints what they show."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.cli.parser import parser
from tests.compiled import share, with_compiled
from tests.docs.sessions import Command, blocks, commands_of, differences, matches, run

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md")) + sorted(ROOT.glob("*.md"))
# Another test runs it with each language.
FIRST_ACTOR = ROOT / "docs" / "first-actor.md"
SESSIONS = [page for page in PAGES if commands_of(page) and page != FIRST_ACTOR]
# Another test runs its blocks as one script.
GUIDE = ROOT / "docs" / "getting-started.md"
COMMAND = re.compile(r"^(\$ |kelpie |curl )", re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with the files that the documents speak of."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    counter = (ROOT / "examples" / "rust-counter" / "counter.wasm").read_bytes()
    (tmp_path / "counter.wasm").write_bytes(counter)
    # A custom section makes another component of it, which does the same.
    (tmp_path / "next.wasm").write_bytes(counter + b"\0\x05\x04next")
    for name in ("bank", "ledger", "parcels", "rounds"):
        shutil.copy(ROOT / "tests" / "guests" / f"{name}.wasm", tmp_path)
    with_compiled(tmp_path / "kelpie-data")
    with_compiled(tmp_path / "data")
    share(tmp_path / ".cache" / "kelpie" / "compiled")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.name)
def test_a_session_goes_as_shown(page: Path, place: Path) -> None:
    commands = commands_of(page)
    # What is done in a data directory is done before a host serves from it.
    if not commands[0].words.startswith(("kelpie serve", "kelpie token create")):
        commands.insert(0, Command("kelpie serve", ""))
    wrong = differences(commands, run(commands, place))
    assert not wrong, "\n\n".join(wrong)


def test_there_are_sessions() -> None:
    names = {page.name for page in SESSIONS}
    assert {"README.md", "cli.md", "http.md", "operations.md", "simulation.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_command_is_shown_that_is_not_run(page: Path) -> None:
    for language, text in blocks(page):
        if language == "console":
            assert text.startswith("$ "), f"{page.name}: what comes before the first command?"
        elif page != GUIDE:
            assert not COMMAND.search(text), f"{page.name}: a session is a `console` block: {text}"


def _inline_commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for found in re.findall(r"`(kelpie [a-z][^`]*)`", page.read_text()):
            yield page.name, found


@pytest.mark.parametrize(("page", "command"), sorted(set(_inline_commands())))
def test_a_command_in_a_sentence_is_one(page: str, command: str) -> None:
    _, *words = shlex.split(command)
    known = parser()
    while words and words[0] in known.commands():
        known = known.commands()[words.pop(0)]
    assert known is not parser(), f"{page}: there is no command {command!r}"
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in known.options(), f"{page}: {command!r}: {word}"


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a\nc", False),
        ("a\nb", "a\nb\nc", False),
        ("a ... c", "a b c", True),
        ("a ... c", "a b\nb c", False),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a\n...", "a\nb", True),
        ("...\nc", "a\nb", False),
        ("a.c", "abc", False),
    ],
)
def test_matching(expected: str, output: str, same: bool) -> None:
    assert matches(expected, output) == same

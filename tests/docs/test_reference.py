"""What the documentation lists is what there is: errors, limits, routes, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from kelpie.api.routes import ROUTES
from kelpie.api.routes.route import Route
from kelpie.cli.parser import CommandParser, parser
from kelpie.errors import KelpieError, every_error
from kelpie.limits import Limits
from kelpie.limits.page import page

DOCS = Path(__file__).resolve().parents[2] / "docs"
ERRORS = {error.code: error for error in every_error()}
MARKDOWN = sorted(DOCS.rglob("*.md")) + sorted(DOCS.parent.glob("*.md"))


def test_every_error_has_a_page_and_no_page_is_stale() -> None:
    pages = {path.stem for path in (DOCS / "errors").glob("*.md")} - {"README"}
    assert pages == set(ERRORS)


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
def test_a_page_says_what_the_code_says(error: type[KelpieError]) -> None:
    text = (DOCS / "errors" / f"{error.code}.md").read_text()
    again = "yes" if error.retryable else "no"
    facts = f"Status {error.status}; source: {error.source}; retryable: {again}."
    assert text.startswith(f"# `{error.code}`\n\n**{error.title}.** {facts}\n")
    assert "\n## Why\n" in text
    assert "\n## What to do\n" in text
    limits = {each.name for each in fields(Limits)}
    for word in re.findall(r"`([a-z]+(?:_[a-z]+)+_(?:max|min|default))`", text):
        assert word in limits, f"there is no limit {word}"


@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
def test_the_index_lists_every_error(error: type[KelpieError]) -> None:
    again = "yes" if error.retryable else "no"
    row = f"| [`{error.code}`]({error.code}.md) | {error.status} | {again} | {error.title} |"
    assert row in (DOCS / "errors" / "README.md").read_text()


def test_the_limits_page_is_current() -> None:
    assert (DOCS / "limits.md").read_text() == page(), "run: python -m kelpie.limits"


@pytest.mark.parametrize("limit", fields(Limits), ids=lambda limit: limit.name)
def test_a_limit_names_errors_that_exist(limit: object) -> None:
    doc = limit.metadata["doc"]  # type: ignore[attr-defined]
    for code in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", doc):
        assert code in ERRORS


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_is_documented(route: Route) -> None:
    assert f"`{route}`" in (DOCS / "http.md").read_text()


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "cli.md").read_text()
    shared = re.search(r"\n## Options of many commands\n.*?(?=\n## )", text, re.DOTALL)
    assert shared
    for name, command in _leaves("kelpie", parser()):
        section = re.search(rf"\n## `{name}\b.*?(?=\n## |\Z)", text, re.DOTALL)
        assert section, f"`{name}` is not documented"
        for option in command.options():
            told = section[0] + shared[0]
            assert f"`{option}" in told, f"{name} {option} is not documented"


def test_every_command_that_prints_json_says_what_it_is() -> None:
    text = (DOCS / "cli.md").read_text()
    section = re.search(r"\n## For programs\n.*?(?=\n## )", text, re.DOTALL)
    assert section
    rows = re.findall(r"^\| (.*?) \|", section[0], re.MULTILINE)
    told = set(re.findall(r"`([a-z ]+)`", "".join(rows)))
    printing = {
        re.sub(r"KIND.*", "", name.removeprefix("kelpie ")).strip()
        for name, command in _leaves("kelpie", parser())
        if "--output" in command.options()
    }
    assert printing == told


def _leaves(name: str, command: CommandParser) -> Iterator[tuple[str, CommandParser]]:
    """The commands that have no commands of their own."""
    commands = command.commands()
    if not commands:
        yield name, command
        return
    # What stands in front of a command of its own.
    given = [str(each.metavar) for each in command._actions if each.dest == "kind"]
    for word, below in commands.items():
        yield from _leaves(" ".join((name, *given, word)), below)


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    # Code has brackets of its own.
    prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"

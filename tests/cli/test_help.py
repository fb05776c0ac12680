"""What `--help` says: every command what it does, every option what it is for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kelpie.cli.parser import parser
from kelpie.cli.parser.reading import CommandParser
from kelpie.limits import DEFAULT_LIMITS


def every(command: CommandParser) -> Iterator[CommandParser]:
    yield command
    for below in command.commands().values():
        yield from every(below)


COMMANDS = list(every(parser()))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.prog)
def test_a_command_says_what_it_is_for(command: CommandParser) -> None:
    assert command.description
    assert command.description in " ".join(command.format_help().split())
    assert command.description.endswith(".")
    for action in command._actions:
        told = action.help or ""
        assert told or command.commands(), f"{command.prog}: {action.dest} has no help"


def test_what_may_be_granted_is_told() -> None:
    (deploy,) = [each for each in COMMANDS if each.prog == "kelpie deploy"]
    told = deploy.format_help()
    assert all(word in told for word in ("all", "none", "state,kv", "messaging:NS"))


def test_the_default_that_is_told_is_the_hosts() -> None:
    (invoke,) = [each for each in COMMANDS if each.prog == "kelpie invoke"]
    assert f"default: {DEFAULT_LIMITS.request_deadline_ms_default}" in invoke.format_help()

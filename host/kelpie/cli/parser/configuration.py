"""What is set for a kind: its config, and its secrets."""

from __future__ import annotations

import argparse

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import CommandParser, Commands
from kelpie.cli.parser.shared import add_kind, add_namespaced, add_output

__all__ = ["add"]


def add(commands: Commands) -> None:
    what = _add_one(commands, "config", "what is set for a kind, for its actors to read")
    command = _add_action(what, "set", "set values, by one new version of the kind")
    command.add_argument(
        "entries", type=checked.assignment, nargs="+", metavar="NAME=VALUE", help="what to set"
    )
    command.set_defaults(run="configuration:set_config")
    _add_unset(what, "configuration:unset_config")
    _add_action(what, "list", "show what is set").set_defaults(run="configuration:list_config")

    what = _add_one(commands, "secret", "secrets of a kind, that only its actors read")
    command = _add_action(what, "set", "set one; its value is read from stdin, or asked for")
    command.add_argument("name", type=checked.secret_name, metavar="NAME", help="which")
    command.told_if_too_much = checked.VALUE_ON_THE_COMMAND_LINE
    command.set_defaults(run="configuration:set_secret")
    _add_unset(what, "configuration:unset_secrets")
    command = _add_action(what, "list", "show their names, never their values")
    command.set_defaults(run="configuration:list_secrets")


def _add_one(commands: Commands, name: str, help_text: str) -> Commands:
    """`kelpie NAME KIND`, which is to list, and its own commands."""
    command = add_namespaced(commands, name, help_text)
    add_kind(command)
    add_output(command)
    listing = "list_config" if name == "config" else "list_secrets"
    command.set_defaults(run=f"configuration:{listing}")
    actions: Commands = command.add_subparsers(title="commands", metavar="COMMAND")
    return actions


def _add_unset(actions: Commands, run: str) -> None:
    command = _add_action(actions, "unset", "unset names, by one new version of the kind")
    command.add_argument("names", type=checked.text, nargs="+", metavar="NAME", help="which")
    command.set_defaults(run=run)


def _add_action(actions: Commands, name: str, help_text: str) -> CommandParser:
    """Its options may stand in front of the kind as well, and then hold."""
    command = add_namespaced(actions, name, help_text)
    add_output(command)
    for action in command._actions:
        action.default = argparse.SUPPRESS
    return command

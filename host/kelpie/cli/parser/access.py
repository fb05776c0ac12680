"""Tokens, and the audit log."""

from __future__ import annotations

import argparse
from pathlib import Path

from kelpie.access.roles import Role
from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_output, add_remote

__all__ = ["add"]


def add(commands: Commands) -> None:
    token = commands.add_parser("token", help="make, list and revoke tokens")
    token_commands = token.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_create(token_commands)

    command = add_remote(token_commands, "list", "list the tokens of a host")
    add_output(command)
    command.set_defaults(run="tokens:list_tokens")

    command = add_remote(token_commands, "revoke", "make a token worth nothing")
    command.add_argument(
        "name", type=checked.text, metavar="NAME", help="which; `kelpie token list` lists them"
    )
    _add_offline(command)
    add_output(command)
    command.set_defaults(run="tokens:revoke")

    command = add_remote(commands, "audit", "show who changed what, newest first")
    command.add_argument("--before", type=checked.count, metavar="N", help="older than this one")
    command.add_argument(
        "--limit", type=checked.count, default=100, metavar="N", help="how many (default: 100)"
    )
    add_output(command)
    command.set_defaults(run="tokens:audit")


def _add_create(commands: Commands) -> None:
    command = add_remote(commands, "create", "make a token, and print it")
    command.add_argument("name", type=checked.text, metavar="NAME", help="who it is for")
    command.add_argument(
        "--role",
        action="append",
        required=True,
        choices=[role.value for role in Role],
        help="what it allows; may be given several times",
    )
    command.add_argument(
        "--namespace", type=checked.text, metavar="NS", help="only there (default: everywhere)"
    )
    command.add_argument(
        "--expires", type=checked.duration_s, metavar="TIME", help="for how long, as in 12h or 30d"
    )
    command.add_argument(
        "--requests-per-second", type=checked.count, metavar="N", help="how often it may ask"
    )
    command.add_argument(
        "--body-bytes", type=checked.count, metavar="N", help="largest argument or upload"
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write it there, for nobody else to read, in place of printing it",
    )
    _add_offline(command)
    add_output(command)
    command.add_argument(
        "--new", action="store_true", help="make the data directory, if it has no store yet"
    )
    command.set_defaults(
        run="tokens:create",
        perhaps_done="it may have been made, and its secret is lost then: look with `kelpie token "
        "list`, and revoke it before you make another",
    )


def _add_offline(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        dest="offline",
        help="in this data directory, from which no host serves, in place of a host",
    )

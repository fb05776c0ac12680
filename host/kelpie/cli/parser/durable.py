"""Durable turns in flight."""

from __future__ import annotations

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_address, add_namespaced, add_output

__all__ = ["add"]


def add(commands: Commands) -> None:
    command = add_namespaced(commands, "turns", "list the durable turns in flight")
    command.add_argument(
        "kind",
        type=checked.text,
        metavar="KIND",
        nargs="?",
        help="only those of one kind (default: of all)",
    )
    command.add_argument(
        "--after",
        type=checked.text,
        metavar="KIND/KEY",
        help="only those of actors behind this one",
    )
    command.add_argument(
        "--limit", type=checked.count, metavar="N", default=100, help="at most so many (100)"
    )
    add_output(command)
    command.set_defaults(run="durable:turns")

    command = add_namespaced(commands, "cancel", "end the durable turn in flight of an actor")
    add_address(command)
    command.add_argument(
        "--turn", type=checked.count, metavar="N", help="only if it has this number"
    )
    add_output(command)
    command.set_defaults(run="durable:cancel")

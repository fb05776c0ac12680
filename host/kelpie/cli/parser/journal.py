"""Journals: what is kept of turns, and running them again."""

from __future__ import annotations

from pathlib import Path

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_address, add_namespaced, add_output
from kelpie.journal.policy import Policy

__all__ = ["add"]


def add(commands: Commands) -> None:
    _add_journal(commands)
    _add_export(commands)
    _add_replay(commands)


def _add_journal(commands: Commands) -> None:
    command = add_namespaced(
        commands, "journal", "list the turns in an actor's journal, or set what a kind's keeps"
    )
    command.add_argument(
        "whose",
        type=checked.kind_or_actor,
        metavar="KIND[/KEY]",
        help="an actor, whose turns are listed, or a kind",
    )
    command.add_argument(
        "--policy",
        choices=[each.value for each in Policy],
        help="of a kind: keep nothing, what led to a failure, or all turns",
    )
    command.add_argument(
        "--limit",
        type=checked.count,
        default=100,
        metavar="N",
        help="of an actor: how many turns, the newest (default: 100)",
    )
    add_output(command)
    command.set_defaults(run="journal:journal")


def _add_export(commands: Commands) -> None:
    command = add_namespaced(commands, "export", "write turns of an actor into a bundle")
    add_address(command)
    command.add_argument(
        "--turns",
        type=checked.turns,
        default=(None, None),
        metavar="A..B",
        help="from turn A to turn B, and what their instances ran before (default: all)",
    )
    command.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help="where to (default: KIND.bundle)",
    )
    add_output(command)
    command.set_defaults(run="journal:export")


def _add_replay(commands: Commands) -> None:
    command = commands.add_parser(
        "replay", help="run the turns of a bundle again, and compare; needs no host"
    )
    command.add_argument("bundle", type=Path, metavar="BUNDLE", help="what `kelpie export` wrote")
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--until",
        type=checked.count,
        metavar="N",
        help="stop behind turn N, and show state, kv and log",
    )
    what.add_argument(
        "--with",
        type=Path,
        dest="other",
        metavar="FILE.wasm",
        help="run them in another component as well, and show what it does otherwise",
    )
    add_output(command)
    command.set_defaults(run="replay:run")

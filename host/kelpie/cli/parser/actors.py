"""Actors: having them run, and looking at them."""

from __future__ import annotations

from pathlib import Path

from kelpie.api.log_levels import LEVELS
from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import CommandParser, Commands
from kelpie.cli.parser.shared import add_address, add_kind, add_namespaced, add_output, add_page

__all__ = ["add"]


def add(commands: Commands) -> None:
    _add_invoke(commands)
    _add_batches(commands)
    _add_logs(commands)

    command = add_namespaced(commands, "trace", "show what a request has caused")
    command.add_argument(
        "trace", type=checked.text, metavar="ID", help="of the trace, or of a request in it"
    )
    add_output(command)
    command.set_defaults(run="trace:run")

    command = add_namespaced(commands, "actors", "list the actors of a kind that hold something")
    add_kind(command)
    add_page(command)
    command.set_defaults(run="actors:actors")

    for name, help_text in (
        ("show", "show an actor, without running it"),
        ("state", "print the state of an actor"),
    ):
        command = add_namespaced(commands, name, help_text)
        add_address(command)
        add_output(command)
        if name == "state":
            command.add_argument(
                "--at",
                type=checked.count,
                metavar="TURN",
                help="as it was behind this turn, from the actor's journal",
            )
        command.set_defaults(run=f"actors:{name}")

    command = add_namespaced(commands, "delete", "delete the state and kv of an actor")
    add_address(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask whether it shall be")
    command.add_argument(
        "--force",
        action="store_true",
        help="delete it also where what says who owns it, or how far it has come, is damaged",
    )
    add_output(command)
    command.set_defaults(run="delete:run")

    _add_kv(commands)


def _add_invoke(commands: Commands) -> None:
    command = add_namespaced(commands, "invoke", "have an actor run one operation")
    add_address(command)
    command.add_argument(
        "operation", type=checked.text, metavar="OPERATION", help="which; `kelpie kinds` lists them"
    )
    command.add_argument(
        "argument",
        type=checked.text,
        metavar="JSON",
        nargs="?",
        help="its argument; '-' reads it from stdin",
    )
    _add_id(command)
    add_output(command)
    command.set_defaults(run="remote:invoke")


def _add_batches(commands: Commands) -> None:
    command = add_namespaced(commands, "batch", "have an actor run many operations as one turn")
    add_address(command)
    _add_lines(command, "operation and argument")
    _add_id(command)
    add_output(command)
    command.set_defaults(run="batches:batch")

    command = add_namespaced(commands, "stream", "have actors run operations, each in its own turn")
    _add_lines(command, "kind, key and operation, and argument and id where wanted")
    _add_deadline(command)
    add_output(command)
    command.set_defaults(
        run="batches:stream",
        perhaps_done="what has no answer may have been done: ask lines with an `id` again",
    )


def _add_lines(command: CommandParser, members: str) -> None:
    command.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        nargs="?",
        default="-",
        help=f"one JSON object on each line, with {members} (default: -, which is stdin)",
    )


def _add_id(command: CommandParser) -> None:
    command.add_argument(
        "--id",
        type=checked.text,
        metavar="ID",
        help="an id under which the same can be asked again, and is done once",
    )
    _add_deadline(command)


def _add_deadline(command: CommandParser) -> None:
    command.add_argument(
        "--deadline-ms",
        type=checked.count,
        metavar="N",
        help="how many milliseconds it may take (default: 30000)",
    )


def _add_logs(commands: Commands) -> None:
    command = add_namespaced(commands, "logs", "show what actors log, and follow it")
    command.add_argument(
        "whose",
        type=checked.kind_or_actor,
        metavar="KIND[/KEY]",
        nargs="?",
        default=(None, None),
        help="of one kind or of one actor (default: of all)",
    )
    command.add_argument(
        "-f", "--follow", action="store_true", help="go on with what they log from now on"
    )
    command.add_argument(
        "--level",
        choices=[level for level in LEVELS if level != "off"],
        help="lines of this level and above",
    )
    command.add_argument(
        "--since",
        type=checked.text,
        metavar="TIME",
        help="not what is older: 90s, 10m, 2h, 1d, or a time as 2026-01-01T12:00:00Z",
    )
    command.add_argument(
        "--last", type=checked.whole, metavar="N", help="at most so many of those that there are"
    )
    add_output(command)
    command.set_defaults(run="logs:run")


def _add_kv(commands: Commands) -> None:
    kv = commands.add_parser("kv", help="look into the kv of an actor")
    kv_commands = kv.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = add_namespaced(kv_commands, "list", "list the kv entries of an actor")
    add_address(command)
    add_page(command)
    command.set_defaults(run="actors:kv_list")

    command = add_namespaced(kv_commands, "get", "print one kv value of an actor")
    add_address(command)
    command.add_argument("entry", type=checked.text, metavar="ENTRY", help="its key")
    add_output(command)
    command.set_defaults(run="actors:kv_get")

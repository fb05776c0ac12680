"""Dead letters and reminders of actors."""

from __future__ import annotations

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_address, add_namespaced, add_output

__all__ = ["add"]


def add(commands: Commands) -> None:
    _add_letters(commands)
    _add_reminders(commands)


def _add_letters(commands: Commands) -> None:
    letters = commands.add_parser("letters", help="messages that could not be delivered")
    below = letters.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = add_namespaced(
        below, "list", "list the dead letters of an actor, or which actors have some"
    )
    command.add_argument(
        "whose",
        type=checked.kind_or_actor,
        nargs="?",
        metavar="KIND[/KEY]",
        help="an actor, or a kind whose actors are looked for (default: all kinds)",
    )
    command.add_argument(
        "--after",
        type=checked.text,
        metavar="WHERE",
        help="only letters behind this number, or actors behind this KIND/KEY",
    )
    command.add_argument(
        "--limit",
        type=checked.count,
        metavar="N",
        default=100,
        help="at most so many (default: 100)",
    )
    add_output(command)
    command.set_defaults(run="messages:list_letters")

    for name, help_text in (
        ("retry", "have the actor run a dead letter once more"),
        ("drop", "throw a dead letter away"),
    ):
        command = add_namespaced(below, name, help_text)
        add_address(command)
        command.add_argument("number", type=checked.count, metavar="NUMBER", help="which one")
        add_output(command)
        command.set_defaults(
            run=f"messages:{name}_letter",
            perhaps_done="it may have been done: `kelpie letters list KIND/KEY` has the letter no "
            "more, if it was",
        )


def _add_reminders(commands: Commands) -> None:
    reminders = commands.add_parser("reminders", help="what actors have set for themselves")
    below = reminders.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = add_namespaced(below, "list", "list the reminders of an actor")
    add_address(command)
    add_output(command)
    command.set_defaults(run="messages:list_reminders")

    command = add_namespaced(below, "cancel", "cancel a reminder")
    add_address(command)
    command.add_argument("name", type=checked.text, metavar="NAME", help="its name")
    add_output(command)
    command.set_defaults(run="messages:cancel_reminder")

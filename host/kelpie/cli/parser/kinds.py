"""Kinds and their versions."""

from __future__ import annotations

from pathlib import Path

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_kind, add_namespaced, add_output

__all__ = ["add"]


def add(commands: Commands) -> None:
    for name, help_text, strict in (
        ("deploy", "deploy a component, or a core module", "refuse one that"),
        ("check", "say what a deploy would change", "fail if it"),
    ):
        command = add_namespaced(commands, name, help_text)
        command.add_argument(
            "file", type=Path, metavar="FILE.wasm", help="a component or core module"
        )
        command.add_argument(
            "--name", type=checked.text, metavar="KIND", help="its kind (default: the file's name)"
        )
        command.add_argument(
            "--strict", action="store_true", help=f"{strict} removes or narrows operations"
        )
        command.add_argument(
            "--grant",
            type=checked.text,
            metavar="IMPORTS",
            help="the only interfaces that it may import, as in state,kv; 'all' is what it "
            "imports, 'none' nothing, and messaging:NS lets it talk to actors of that namespace "
            "as well (default: what the kind was granted before, or all)",
        )
        command.add_argument(
            "--no-determinism-check",
            action="store_true",
            help="do not try whether it does the same twice",
        )
        command.add_argument(
            "--shadow",
            type=checked.count,
            metavar="N",
            help="refuse one that does something else in the latest N turns that were journaled",
        )
        command.add_argument(
            "--allow-divergence",
            action="store_true",
            help="with --shadow: do not refuse it, but tell what it does otherwise",
        )
        add_output(command)
        command.set_defaults(run=f"versions:{name}")

    _add_what_there_is(commands)


def _add_what_there_is(commands: Commands) -> None:
    command = add_namespaced(commands, "kinds", "list what is deployed")
    add_output(command)
    command.set_defaults(run="remote:kinds")

    command = add_namespaced(commands, "versions", "list the versions of a kind, newest first")
    add_kind(command)
    command.add_argument("--limit", type=checked.count, metavar="N", help="at most so many")
    add_output(command)
    command.set_defaults(run="versions:list_versions")

    command = add_namespaced(commands, "rollback", "make an older version of a kind current again")
    add_kind(command)
    command.add_argument(
        "--to",
        type=checked.count,
        metavar="N",
        help="which version (default: the newest that differs)",
    )
    add_output(command)
    command.set_defaults(
        run="versions:roll_back",
        # Without --to, twice is there and back.
        perhaps_done="it may have been done: `kelpie versions KIND` shows whether it was",
    )

    command = add_namespaced(commands, "undeploy", "delete a kind, with all its versions")
    add_kind(command)
    command.add_argument(
        "--force", action="store_true", help="delete all that its actors hold as well"
    )
    add_output(command)
    command.set_defaults(run="versions:undeploy")

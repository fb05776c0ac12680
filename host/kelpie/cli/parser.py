"""All commands with their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kelpie import __version__
from kelpie.api.log_levels import LEVELS
from kelpie.cli import actors, copies, doctor, inspect, remote, serve, settings, sim, versions
from kelpie.cli import arguments as checked
from kelpie.cli.logs import LOG_FORMATS, LOGGED_REQUESTS

__all__ = ["parser"]

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    whole = argparse.ArgumentParser(
        prog="kelpie", description="A host for virtual actors that are WebAssembly components."
    )
    whole.add_argument("--version", action="version", version=f"kelpie {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_versions(commands)
    _add_remote(commands)
    _add_actors(commands)
    _add_local(commands)
    return whole


def _add_serve(commands: _Commands) -> None:
    command = commands.add_parser("serve", help="run a host on this machine")
    _add_data(command)
    command.add_argument(
        "--host", type=checked.host, help="address to listen on (default: 127.0.0.1)"
    )
    command.add_argument(
        "--port",
        type=checked.port,
        help=f"port to listen on; 0 picks one (default: {checked.DEFAULT_PORT})",
    )
    command.add_argument(
        "--log-level", choices=LEVELS, help="log entries of this level and above (default: info)"
    )
    command.add_argument(
        "--log-requests",
        choices=LOGGED_REQUESTS,
        help="which requests are logged (default: auto: all on a terminal, else those with "
        "status 5xx)",
    )
    command.add_argument(
        "--log-format", choices=LOG_FORMATS, help="(default: auto: text on a terminal, else json)"
    )
    command.set_defaults(run=serve.run)


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where everything is kept (default: ./kelpie-data)",
    )


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", choices=("table", "json"), default="table", help="(default: table)"
    )


def _add_versions(commands: _Commands) -> None:
    for name, run, help_text, strict in (
        ("deploy", versions.deploy, "deploy a component, or a core module", "refuse one that"),
        ("check", versions.check, "say what a deploy would change", "fail if it"),
    ):
        command = _remote(commands, name, help_text)
        command.add_argument("file", type=Path, metavar="FILE.wasm")
        command.add_argument(
            "--name", type=checked.text, metavar="KIND", help="its kind (default: the file's name)"
        )
        command.add_argument(
            "--strict", action="store_true", help=f"{strict} removes or narrows operations"
        )
        _add_output(command)
        command.set_defaults(run=run)

    command = _remote(commands, "versions", "list the versions of a kind, newest first")
    _add_kind(command)
    command.add_argument("--limit", type=checked.count, metavar="N", help="at most so many")
    _add_output(command)
    command.set_defaults(run=versions.list_versions)

    command = _remote(commands, "rollback", "make an older version of a kind current again")
    _add_kind(command)
    command.add_argument(
        "--to",
        type=checked.count,
        metavar="N",
        help="which version (default: the newest with another component)",
    )
    _add_output(command)
    command.set_defaults(run=versions.roll_back)

    command = _remote(commands, "undeploy", "delete a kind, with all its versions")
    _add_kind(command)
    command.add_argument(
        "--force", action="store_true", help="delete all that its actors hold as well"
    )
    _add_output(command)
    command.set_defaults(run=versions.undeploy)


def _add_remote(commands: _Commands) -> None:
    command = _remote(commands, "invoke", "have an actor run one operation")
    _add_address(command)
    command.add_argument("operation", type=checked.text, metavar="OPERATION")
    command.add_argument(
        "argument",
        type=checked.text,
        metavar="JSON",
        nargs="?",
        help="its argument; '-' reads it from stdin",
    )
    command.add_argument(
        "--id",
        type=checked.text,
        metavar="ID",
        help="an id under which the same can be asked again, and is done once",
    )
    command.add_argument("--deadline-ms", type=int, metavar="N", help="how long it may take")
    command.set_defaults(run=remote.invoke)

    command = _remote(commands, "kinds", "list what is deployed")
    command.set_defaults(run=remote.kinds)


def _add_actors(commands: _Commands) -> None:
    command = _remote(commands, "actors", "list the actors of a kind that hold something")
    _add_kind(command)
    _add_page(command)
    command.set_defaults(run=actors.actors)

    for name, help_text, run in (
        ("show", "show an actor, without running it", actors.show),
        ("state", "print the state of an actor", actors.state),
    ):
        command = _remote(commands, name, help_text)
        _add_address(command)
        _add_output(command)
        command.set_defaults(run=run)

    kv = commands.add_parser("kv", help="look into the kv of an actor")
    kv_commands = kv.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = _remote(kv_commands, "list", "list its entries")
    _add_address(command)
    _add_page(command)
    command.set_defaults(run=actors.kv_list)

    command = _remote(kv_commands, "get", "print one value")
    _add_address(command)
    command.add_argument("entry", type=checked.text, metavar="ENTRY", help="its key")
    _add_output(command)
    command.set_defaults(run=actors.kv_get)


def _add_kind(command: argparse.ArgumentParser) -> None:
    command.add_argument("kind", type=checked.text, metavar="KIND")


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "actor",
        type=checked.actor,
        metavar="KIND/KEY",
        help="the key is all that follows the first slash",
    )


def _add_page(command: argparse.ArgumentParser) -> None:
    """What lists take."""
    command.add_argument(
        "--prefix",
        type=checked.text,
        default="",
        metavar="P",
        help="only keys that begin with this",
    )
    command.add_argument("--after", type=checked.text, metavar="KEY", help="begin behind this key")
    command.add_argument(
        "--limit", type=checked.count, default=100, metavar="N", help="how many (default: 100)"
    )
    _add_output(command)


def _remote(commands: _Commands, name: str, help_text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_text)
    command.add_argument(
        "--url",
        type=checked.url,
        help=f"the host to ask (default: $KELPIE_URL, or {checked.DEFAULT_URL})",
    )
    return command


def _add_local(commands: _Commands) -> None:
    command = commands.add_parser("settings", help="show each setting and where it comes from")
    _add_output(command)
    command.set_defaults(run=settings.run)

    command = commands.add_parser("doctor", help="see whether machine and data are fit for a host")
    _add_data(command)
    command.add_argument("--url", type=checked.url, help="the host that should answer")
    _add_output(command)
    command.set_defaults(run=doctor.run)

    command = commands.add_parser("backup", help="copy the store into a file, also while it serves")
    command.add_argument("file", type=Path, metavar="FILE")
    _add_data(command)
    command.set_defaults(run=copies.run_backup)

    command = commands.add_parser("restore", help="make a data directory of a backup")
    command.add_argument("file", type=Path, metavar="FILE")
    _add_data(command)
    command.set_defaults(run=copies.run_restore)

    command = commands.add_parser("inspect", help="look into a component; needs no host")
    command.add_argument("file", type=Path, metavar="FILE.wasm")
    command.set_defaults(run=inspect.run)

    command = commands.add_parser(
        "sim", help="run a component under simulated faults; needs no host"
    )
    command.add_argument("file", type=Path, metavar="FILE.wasm")
    command.add_argument(
        "--seeds", type=checked.count, metavar="N", help="how many runs, each with its seed"
    )
    command.add_argument(
        "--seed",
        type=checked.whole,
        metavar="N",
        help="repeat the run of this seed, or begin with it (default: $DST_SEED)",
    )
    command.add_argument(
        "--workload", type=Path, metavar="FILE", help="what clients ask (default: made from it)"
    )
    command.add_argument(
        "--processes", type=checked.count, metavar="N", help="how many runs at a time"
    )
    command.add_argument(
        "--keep-going", action="store_true", help="go on after a run that broke a promise"
    )
    command.add_argument("--save-tape", type=Path, metavar="FILE", help="keep what failed")
    command.add_argument("--tape", type=Path, metavar="FILE", help="repeat what was kept")
    command.set_defaults(run=sim.run)

"""The command's options, and what a mistake looks like."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kelpie import __version__
from kelpie.api.client import HostUnreachable
from kelpie.api.log_levels import LEVELS
from kelpie.cli import arguments as checked
from kelpie.cli import copies, doctor, inspect, remote, serve, settings, sim, versions
from kelpie.cli.logs import LOG_FORMATS, LOGGED_REQUESTS
from kelpie.cli.output import complain, tell_error
from kelpie.errors import ActorOutcomeUnknown, KelpieError, OutcomeUnknown

__all__ = ["main", "parser", "run"]

_WRONG_USAGE = 2
_INTERRUPTED = 130

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def run() -> None:
    """The `kelpie` command."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Runs one command, and returns its exit status."""
    options = parser().parse_args(arguments)
    try:
        _take_environment(options)
        status: int = options.run(options)
        sys.stdout.flush()
    except settings.SettingsInvalid as error:
        complain(str(error))
        return _WRONG_USAGE
    except (OutcomeUnknown, ActorOutcomeUnknown) as error:
        tell_error(error, _if_perhaps_done(options))
    except KelpieError as error:
        tell_error(error)
    except HostUnreachable as error:
        then = "try: start one with `kelpie serve`, or name another with --url"
        complain(str(error), _if_perhaps_done(options) if error.sent else then)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    else:
        return status
    return 1


def _take_environment(options: argparse.Namespace) -> None:
    """Fills in what was not given, but is set elsewhere.

    Raises:
        SettingsInvalid, OSError
    """
    settings.fill(options)
    seed = os.environ.get("DST_SEED")
    if seed and getattr(options, "seed", seed) is None:
        try:
            options.seed = checked.whole(seed)
        except argparse.ArgumentTypeError as error:
            raise settings.SettingsInvalid(f"$DST_SEED: {error}") from None


def _if_perhaps_done(options: argparse.Namespace) -> str:
    """What to try when nobody knows whether it was done."""
    if "operation" not in options:
        return "it may have been done: the same again does no harm"
    if options.id is None:
        return (
            "it may have been done, and without --id there is no record to ask for: "
            "see what the actor says"
        )
    return "it may have been done: ask again with the same --id to learn whether it was"


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
    command.add_argument("kind", type=checked.text, metavar="KIND")
    command.add_argument("--limit", type=checked.count, metavar="N", help="at most so many")
    _add_output(command)
    command.set_defaults(run=versions.list_versions)

    command = _remote(commands, "rollback", "make an older version of a kind current again")
    command.add_argument("kind", type=checked.text, metavar="KIND")
    command.add_argument(
        "--to",
        type=checked.count,
        metavar="N",
        help="which version (default: the newest with another component)",
    )
    _add_output(command)
    command.set_defaults(run=versions.roll_back)

    command = _remote(commands, "undeploy", "delete a kind, with all its versions")
    command.add_argument("kind", type=checked.text, metavar="KIND")
    command.add_argument(
        "--force", action="store_true", help="delete all that its actors hold as well"
    )
    _add_output(command)
    command.set_defaults(run=versions.undeploy)


def _add_remote(commands: _Commands) -> None:
    command = _remote(commands, "invoke", "have an actor run one operation")
    command.add_argument(
        "actor",
        type=checked.text,
        metavar="KIND/KEY",
        help="the key is all that follows the first slash",
    )
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

"""The command's options, and what a mistake looks like."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kelpie import __version__
from kelpie.api.client import HostUnreachable
from kelpie.cli import inspect, remote, serve, sim
from kelpie.cli.output import complain, tell_error
from kelpie.errors import ActorOutcomeUnknown, KelpieError, OutcomeUnknown

__all__ = ["main", "parser", "run"]

DEFAULT_PORT = 7070
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"

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
    except argparse.ArgumentTypeError as error:
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
    """Fills in what was not given but is in the environment."""
    for name, variable, checked in _ENVIRONMENT:
        value = os.environ.get(variable)
        if value and getattr(options, name, value) is None:
            try:
                setattr(options, name, checked(value))
            except argparse.ArgumentTypeError as error:
                raise argparse.ArgumentTypeError(f"${variable}: {error}") from None
    if getattr(options, "url", DEFAULT_URL) is None:
        options.url = DEFAULT_URL


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
    _add_remote(commands)
    _add_local(commands)
    return whole


def _add_serve(commands: _Commands) -> None:
    command = commands.add_parser("serve", help="run a host on this machine")
    command.add_argument(
        "--data",
        type=Path,
        default=Path("kelpie-data"),
        metavar="DIR",
        help="where everything is kept (default: ./kelpie-data)",
    )
    command.add_argument(
        "--host", type=_host, default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    command.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"port to listen on; 0 picks one (default: {DEFAULT_PORT})",
    )
    command.set_defaults(run=serve.run)


def _add_remote(commands: _Commands) -> None:
    command = _remote(commands, "deploy", "deploy a component, or a core module")
    command.add_argument("file", type=Path, metavar="FILE.wasm")
    command.add_argument(
        "--name", type=_text, metavar="KIND", help="its kind (default: the file's name)"
    )
    command.set_defaults(run=remote.deploy)

    command = _remote(commands, "invoke", "have an actor run one operation")
    command.add_argument(
        "actor", type=_text, metavar="KIND/KEY", help="the key is all that follows the first slash"
    )
    command.add_argument("operation", type=_text, metavar="OPERATION")
    command.add_argument(
        "argument",
        type=_text,
        metavar="JSON",
        nargs="?",
        help="its argument; '-' reads it from stdin",
    )
    command.add_argument(
        "--id",
        type=_text,
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
        type=_url,
        help=f"the host to ask (default: $KELPIE_URL, or {DEFAULT_URL})",
    )
    return command


def _add_local(commands: _Commands) -> None:
    command = commands.add_parser("inspect", help="look into a component; needs no host")
    command.add_argument("file", type=Path, metavar="FILE.wasm")
    command.set_defaults(run=inspect.run)

    command = commands.add_parser(
        "sim", help="run a component under simulated faults; needs no host"
    )
    command.add_argument("file", type=Path, metavar="FILE.wasm")
    command.add_argument(
        "--seeds", type=_count, metavar="N", help="how many runs, each with its seed"
    )
    command.add_argument(
        "--seed",
        type=_whole,
        metavar="N",
        help="repeat the run of this seed, or begin with it (default: $DST_SEED)",
    )
    command.add_argument(
        "--workload", type=Path, metavar="FILE", help="what clients ask (default: made from it)"
    )
    command.add_argument("--processes", type=_count, metavar="N", help="how many runs at a time")
    command.add_argument(
        "--keep-going", action="store_true", help="go on after a run that broke a promise"
    )
    command.add_argument("--save-tape", type=Path, metavar="FILE", help="keep what failed")
    command.add_argument("--tape", type=Path, metavar="FILE", help="repeat what was kept")
    command.set_defaults(run=sim.run)


def _port(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{given!r} is no port: use 0 to 65535")
    return int(given)


def _whole(given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise argparse.ArgumentTypeError(f"{given!r} is no whole number")
    return int(given)


def _count(given: str) -> int:
    count = _whole(given)
    if count == 0:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return count


def _text(given: str) -> str:
    """The system hands on bytes that are no UTF-8 as lone surrogates."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{given!a} is not UTF-8") from None
    return given


def _host(given: str) -> str:
    try:
        given.encode("idna")
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"{given!a} is no host's name or address") from None
    return given


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        # A port that is none is noticed only when it is asked for.
        is_url = parts.scheme in {"http", "https"} and parts.port != 0
        is_url = is_url and bool(_host(parts.hostname or ""))
    except (ValueError, argparse.ArgumentTypeError):
        is_url = False
    if not is_url:
        raise argparse.ArgumentTypeError(f"{given!a} is no host's URL: write {DEFAULT_URL}")
    return given


# What may be given by the environment instead of an option.
_ENVIRONMENT: tuple[tuple[str, str, Callable[[str], object]], ...] = (
    ("url", "KELPIE_URL", _url),
    ("seed", "DST_SEED", _whole),
)

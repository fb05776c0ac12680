"""Running a host on this machine, and caring for its data."""

from __future__ import annotations

import argparse
from pathlib import Path

from kelpie.api.log_levels import LEVELS
from kelpie.cli import arguments as checked
from kelpie.cli.log_options import LOG_FORMATS, LOGGED_REQUESTS
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_credentials, add_data, add_namespace, add_output

__all__ = ["add_care", "add_serve", "add_serving"]


def add_serve(commands: Commands) -> None:
    command = commands.add_parser("serve", help="run a host on this machine")
    add_serving(command)
    command.set_defaults(run="serve:run")


def add_serving(command: argparse.ArgumentParser) -> None:
    """Of whatever serves."""
    add_data(command)
    command.add_argument(
        "--host", type=checked.host, help="address to listen on (default: 127.0.0.1)"
    )
    command.add_argument(
        "--port",
        type=checked.port,
        help=f"port to listen on; 0 picks one (default: {checked.DEFAULT_PORT})",
    )
    command.add_argument(
        "--allow-host",
        type=checked.hosts,
        metavar="NAME,...",
        help="names by which a host on a loopback address may be asked for, as by a proxy "
        "(default: localhost)",
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
    command.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="speak TLS, with this certificate (PEM)"
    )
    command.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key (PEM)")
    command.add_argument(
        "--insecure-public",
        action="store_true",
        default=None,
        help="let others reach it without tokens",
    )


def add_care(commands: Commands) -> None:
    command = commands.add_parser("settings", help="show each setting and where it comes from")
    add_output(command)
    command.set_defaults(run="settings:run")

    command = commands.add_parser(
        "completion", help="print what makes a shell complete kelpie's commands"
    )
    command.add_argument(
        "shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"
    )
    command.set_defaults(run="completion:run")

    command = commands.add_parser("doctor", help="see whether machine and data are fit for a host")
    add_data(command)
    command.add_argument(
        "--tls-key", type=Path, metavar="FILE", help="the key that nobody else should read"
    )
    command.add_argument("--url", type=checked.url, help="the host that should answer")
    add_credentials(command)
    add_namespace(command)
    add_output(command)
    command.set_defaults(run="doctor:run")

    command = commands.add_parser("backup", help="copy the store into a file, also while it serves")
    command.add_argument(
        "file", type=Path, metavar="FILE", help="where the copy goes; it must not be there yet"
    )
    add_data(command)
    add_output(command)
    command.set_defaults(run="copies:run_backup")

    command = commands.add_parser("restore", help="make a data directory of a backup")
    command.add_argument("file", type=Path, metavar="FILE", help="what `kelpie backup` wrote")
    add_data(command, "where to; it must hold no store yet")
    add_output(command)
    command.set_defaults(run="copies:run_restore")

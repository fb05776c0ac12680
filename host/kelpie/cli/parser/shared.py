"""Options that many commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import CommandParser, Commands

__all__ = [
    "add_address",
    "add_credentials",
    "add_data",
    "add_kind",
    "add_namespace",
    "add_namespaced",
    "add_output",
    "add_page",
    "add_remote",
]


def add_remote(commands: Commands, name: str, help_text: str) -> CommandParser:
    """A command that asks a host."""
    command = commands.add_parser(name, help=help_text)
    command.add_argument(
        "--url",
        type=checked.url,
        help=f"the host to ask (default: $KELPIE_URL, or {checked.DEFAULT_URL})",
    )
    add_credentials(command)
    return command


def add_namespaced(commands: Commands, name: str, help_text: str) -> CommandParser:
    """A command that asks a host about the kinds of a namespace, or their actors."""
    command = add_remote(commands, name, help_text)
    add_namespace(command)
    return command


def add_namespace(command: argparse.ArgumentParser) -> None:
    # To make a token there is a `--namespace` too, of another meaning.
    command.add_argument(
        "--namespace",
        type=checked.text,
        dest="asked_namespace",
        metavar="NS",
        help="whose kinds are meant (default: $KELPIE_NAMESPACE, or default)",
    )


def add_credentials(command: argparse.ArgumentParser) -> None:
    """What shows a host who asks, and a command who the host is."""
    command.add_argument(
        "--token", type=checked.token, help="who asks (default: $KELPIE_TOKEN, which is safer)"
    )
    command.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="certificates (PEM) that vouch for the host (default: $KELPIE_CA, or the system's)",
    )


def add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", choices=("table", "json"), default="table", help="(default: table)"
    )


def add_data(command: argparse.ArgumentParser, told: str = "where everything is kept") -> None:
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"{told} (default: ./kelpie-data)",
    )


def add_kind(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "kind", type=checked.text, metavar="KIND", help="which; `kelpie kinds` lists them"
    )


def add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "actor",
        type=checked.actor,
        metavar="KIND/KEY",
        help="the key is all that follows the first slash",
    )


def add_page(command: argparse.ArgumentParser) -> None:
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
    add_output(command)

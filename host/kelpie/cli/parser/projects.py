"""Projects: making one, building it, working on it."""

from __future__ import annotations

import argparse
from pathlib import Path

from kelpie.cli import arguments as checked
from kelpie.cli.parser.host import add_serving
from kelpie.cli.parser.reading import Commands
from kelpie.projects.languages import LANGUAGES

__all__ = ["add"]


def add(commands: Commands) -> None:
    command = commands.add_parser("new", help="make a project: an actor to begin with")
    command.add_argument(
        "name", type=checked.kind, metavar="NAME", help="of the project, and of the kind it is"
    )
    command.add_argument(
        "--lang",
        choices=LANGUAGES,
        required=True,
        metavar="LANGUAGE",
        help=f"{', '.join(LANGUAGES[:-1])} or {LANGUAGES[-1]}",
    )
    command.add_argument(
        "--directory", type=Path, metavar="DIR", help="where it is made (default: ./NAME)"
    )
    command.set_defaults(run="new:run")

    command = commands.add_parser("build", help="make a component of a project; needs no host")
    _add_project(command)
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="where the component goes (default: NAME.wasm in the project)",
    )
    command.set_defaults(run="build:run")

    command = commands.add_parser(
        "dev", help="serve a project, and build and deploy it anew whenever it changes"
    )
    _add_project(command)
    command.add_argument(
        "--name", type=checked.kind, metavar="KIND", help="its kind (default: the project's name)"
    )
    add_serving(command)
    # Who works on an actor wants to see what becomes of each request.
    command.set_defaults(run="dev:run", log_requests="all", log_format="text")


def _add_project(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "directory",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="DIR",
        help="the project's directory (default: the working directory)",
    )
    command.add_argument(
        "--lang",
        choices=LANGUAGES,
        metavar="LANGUAGE",
        help="which, if the directory has projects in several",
    )

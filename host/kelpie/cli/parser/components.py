"""Components, without a host."""

from __future__ import annotations

from pathlib import Path

from kelpie.cli import arguments as checked
from kelpie.cli.parser.reading import Commands
from kelpie.cli.parser.shared import add_output

__all__ = ["add"]


def add(commands: Commands) -> None:
    command = commands.add_parser("inspect", help="look into a component; needs no host")
    command.add_argument("file", type=Path, metavar="FILE.wasm", help="a component or core module")
    add_output(command)
    command.set_defaults(run="inspect:run")

    command = commands.add_parser(
        "sim", help="run components under simulated faults; needs no host"
    )
    command.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE.wasm",
        help="components or core modules; each is a kind, named like its file",
    )
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
    add_output(command)
    command.set_defaults(run="sim:run")

"""`python -m benchmarks`: measures, and prints what came of it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import disk, generator
from benchmarks.catalogue import RUNNERS
from benchmarks.child import ChildFailed
from benchmarks.effort import FULL, QUICK, SMOKE, Effort, Place
from benchmarks.load import LoadFailed
from benchmarks.row import Row, as_json, as_table
from benchmarks.server import ServerFailed

BUSY_SHARE = 0.4
"""Of the processors, from which on the figures are doubtful."""


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    kind = disk.file_system(options.directory)
    if kind in disk.MEMORY_FILE_SYSTEMS:
        say(f"{options.directory} is on {kind}, where an fsync costs nothing: use --directory")
        return 2
    say(f"load from {generator.name()}, data on {kind} below {options.directory}")
    warn_if_busy()
    rows, failures = measure(options.rows, effort_of(options), options.directory)
    print(as_json(rows) if options.json else as_table(rows))
    for name, failure in failures.items():
        say(f"{name} failed: {failure}")
    return 1 if failures else 0


def measure(
    names: list[str], effort: Effort, directory: Path
) -> tuple[list[Row], dict[str, Exception]]:
    """Makes the rows one after another, each in a directory of its own. One that
    fails does not keep the others from being measured."""
    rows: list[Row] = []
    failures: dict[str, Exception] = {}
    for number, name in enumerate(names, 1):
        say(f"{number}/{len(names)} {name}")
        with tempfile.TemporaryDirectory(prefix="kelpie-benchmark-", dir=directory) as fresh:
            try:
                rows += RUNNERS[name](Place(effort, Path(fresh)))
            except (ChildFailed, LoadFailed, ServerFailed, subprocess.TimeoutExpired) as failure:
                failures[name] = failure
    return rows, failures


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="shorter and noisier")
    parser.add_argument("--smoke", action="store_true", help="only show that everything runs")
    parser.add_argument("--directory", type=Path, default=Path("/var/tmp"), help="for all data")
    parser.add_argument(
        "--rows", type=names_of, default=list(RUNNERS), help=f"of {','.join(RUNNERS)}"
    )
    return parser.parse_args(arguments)


def names_of(text: str) -> list[str]:
    """The rows of a list with commas."""
    names = text.split(",")
    unknown = [name for name in names if name not in RUNNERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no row {', '.join(unknown)}")
    return names


def effort_of(options: argparse.Namespace) -> Effort:
    if options.smoke:
        return SMOKE
    return QUICK if options.quick else FULL


def warn_if_busy() -> None:
    """Ratios bear some company, latencies and times none."""
    load_average, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load_average > processors * BUSY_SHARE:
        say(f"the machine is busy: load {load_average:.1f} on {processors} processors")


def say(line: str) -> None:
    """Talk goes to stderr, figures to stdout."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

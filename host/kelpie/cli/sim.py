"""`kelpie sim`: components under simulated faults."""

from __future__ import annotations

import argparse

from kelpie.cli.cache import cache_directory
from kelpie.cli.output import complain
from kelpie.sim.command import simulate

__all__ = ["run"]

_NOTHING_TO_SIMULATE = 2


def run(options: argparse.Namespace) -> int:
    """Exit status 1 if a run broke a promise, 2 if there is nothing to simulate."""
    # Before anything is said of the runs.
    for file in options.files:
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            complain(f"{file}: {error.strerror}")
            return _NOTHING_TO_SIMULATE
    return simulate(
        *options.files,
        seeds=options.seeds,
        seed=options.seed,
        workload=options.workload,
        processes=options.processes,
        keep_going=options.keep_going,
        save_tape=options.save_tape,
        tape=options.tape,
        cache_directory=cache_directory(),
        as_json=options.output == "json",
    )

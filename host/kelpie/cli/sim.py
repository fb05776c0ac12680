"""`kelpie sim`: a component under simulated faults."""

from __future__ import annotations

import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit status 1 if a run broke a promise."""
    # Only this command needs the simulator: the others start without it.
    from kelpie.sim.command import simulate  # noqa: PLC0415

    status: int = simulate(
        options.file,
        seeds=options.seeds,
        seed=options.seed,
        workload=options.workload,
        processes=options.processes,
    )
    return status

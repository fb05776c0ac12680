"""Rows that need no HTTP run in a process of their own: nothing of one is left for the next."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.effort import Effort, Place

__all__ = ["ChildFailed", "Figures", "main", "run"]

Figures = dict[str, float]

CHILD_S_MAX = 300.0


class ChildFailed(Exception):
    """The process ended without figures."""


def run(module: str, place: Place) -> Figures:
    """Runs `python -m MODULE`, which calls `main`, and takes the figures it prints.

    Raises:
        ChildFailed: with its last words.
    """
    arguments = [json.dumps(asdict(place.effort)), str(place.directory)]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=CHILD_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise ChildFailed(f"{module} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def main(measure: Callable[[Place], Figures]) -> None:
    """The other end: measures, and prints the figures as JSON."""
    effort = Effort(**json.loads(sys.argv[1]))
    print(json.dumps(measure(Place(effort, Path(sys.argv[2])))))

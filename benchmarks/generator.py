"""Who makes the load: `wrk` where it is installed, else the process in `client.py`.

Both send the same requests, keep every connection busy with one request at a
time, and fail the run when an answer is not a success.
"""

from __future__ import annotations

import shutil

from benchmarks import client, wrk
from benchmarks.load import Load, LoadFailed, Measured

__all__ = ["name", "run"]


def name() -> str:
    """Who makes the load here."""
    return "wrk" if shutil.which("wrk") else "client"


def run(load: Load, port: int) -> Measured:
    """Puts `load` on a server on the loopback address.

    Raises:
        LoadFailed: an answer was not a success, a connection broke, or nothing came.
    """
    measured = wrk.run(load, port) if name() == "wrk" else client.run(load, port)
    if measured.requests == 0:
        raise LoadFailed(f"no answer in {load.seconds} s from port {port}")
    return measured

"""Load from `wrk`, a generator in C with a Lua script that makes the requests."""

from __future__ import annotations

import json
import math
import random
import subprocess
from pathlib import Path

from benchmarks.load import Load, LoadFailed, Measured

__all__ = ["run"]

SCRIPT = Path(__file__).with_name("requests.lua")
GRACE_S = 10.0
FAILURES = ("status", "connect", "read", "write", "timeout")


def run(load: Load, port: int) -> Measured:
    """Runs wrk with one thread: more than enough for one server on one loop."""
    command = [
        *("wrk", "--threads", "1", "--connections", str(load.connections)),
        *("--duration", f"{max(1, math.ceil(load.seconds))}s", "--timeout", "10s", "--latency"),
        *("--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--"),
        *(load.method, load.path, str(load.keys), load.id_prefix, load.body),
        load.content_type,
        str(random.randrange(1 << 30)),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=load.seconds + GRACE_S, check=False
    )
    if done.returncode != 0:
        raise LoadFailed(f"wrk failed with {done.returncode}: {done.stderr or done.stdout}")
    return parse(done.stdout)


def parse(output: str) -> Measured:
    """The figures in the last line of what the script printed.

    Raises:
        LoadFailed: it counted an answer that was not a success, or a broken connection.
    """
    summary = json.loads(output.strip().splitlines()[-1])
    failed = {name: summary[name] for name in FAILURES if summary[name]}
    if failed:
        raise LoadFailed(f"wrk counted failures among {summary['requests']} requests: {failed}")
    return Measured(
        requests=summary["requests"],
        seconds=summary["duration_us"] / 1e6,
        p50_ms=summary["p50_us"] / 1e3,
        p99_ms=summary["p99_us"] / 1e3,
        received_bytes=summary["bytes"],
    )

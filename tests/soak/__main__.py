"""`python -m tests.soak --minutes 60`: full load on a host of its own.

Prints samples of the host's memory, and at the end by how much it grew in a
minute once it was warm. Exit status 1 if anything was answered that should not
have been.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from tests.api.support import COUNTER, LEDGER, ROGUE, Remote
from tests.cli.host import Served, serving
from tests.process import anonymous_bytes, open_files, resident_bytes
from tests.soak.load import Load

MIB = 1 << 20
SAMPLES = 120


class Sample(NamedTuple):
    minutes: float
    resident_bytes: int
    anonymous_bytes: int
    open_files: int
    answers: int


async def soak(served: Served, minutes: float, warm_up: float, connections: int) -> int:
    remote = Remote(served.url)
    for kind, file in (("counter", COUNTER), ("ledger", LEDGER), ("rogue", ROGUE)):
        assert (await remote.deploy(kind, file)).status == 201
    load = Load(remote, seed=1)
    samples: list[Sample] = []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(load.run(connections, minutes * 60))
        begun = time.monotonic()
        while not running.done():
            await asyncio.wait({running}, timeout=minutes * 60 / SAMPLES)
            passed = (time.monotonic() - begun) / 60
            pid = served.process.pid
            sample = Sample(
                passed,
                resident_bytes(pid),
                anonymous_bytes(pid),
                open_files(pid),
                load.answers.total(),
            )
            samples.append(sample)
            print(
                f"{passed:6.2f} min  {sample.resident_bytes / MIB:7.1f} MiB, "
                f"{sample.anonymous_bytes / MIB:.1f} anonymous  "
                f"{sample.open_files} files open  {sample.answers} answers  "
                f"{load.wrong.total()} wrong",
                flush=True,
            )
    return report(load, samples, warm_up)


def report(load: Load, samples: list[Sample], warm_up: float) -> int:
    warm = [each for each in samples if each.minutes >= warm_up]
    minutes = [each.minutes for each in warm]
    slope = linear_regression(minutes, [each.resident_bytes for each in warm]).slope
    anonymous = linear_regression(minutes, [each.anonymous_bytes for each in warm]).slope
    files = linear_regression(minutes, [each.open_files for each in warm]).slope
    rate = samples[-1].answers / (samples[-1].minutes * 60)
    print(f"answers: {load.answers.total()}, {rate:.0f} a second, by status {dict(load.answers)}")
    print(
        f"after {warm_up:g} min: {slope:+.0f} bytes a minute, of these {anonymous:+.0f} anonymous; "
        f"{files:+.3f} open files a minute"
    )
    for told, times in load.wrong.most_common(20):
        print(f"wrong, {times} times: {told}", file=sys.stderr)
    return 1 if load.wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--warm-up", type=float, help="minutes (default: a third)")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    warm_up = options.minutes / 3 if options.warm_up is None else options.warm_up
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory) / "data") as served:
        status = asyncio.run(soak(served, options.minutes, warm_up, options.connections))
        assert served.end() == 0, served.talk.read_text()[-5000:]
    return status


if __name__ == "__main__":
    sys.exit(main())

"""What a journal costs a turn, by its policy; and how fast turns are run again.

The three policies take turns within each round, so that whatever else the
machine does befalls all of them.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time

from benchmarks import child
from benchmarks.effort import Place
from benchmarks.in_process import KIND, NAMESPACE, InProcess, with_host
from benchmarks.row import Goal, Row
from kelpie.ids import Address
from kelpie.journal.bundles import read_bundle
from kelpie.journal.policy import Policy
from kelpie.journal.summary import replay_all
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["run"]

CALLERS = 64
KEYS = 200
REPLAYED_TURNS = 10_000


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    costs = [
        Row(
            key=f"journal_{policy}",
            title=f"processor time of a turn, journaled {told}, to one that is not",
            value=figures[f"{policy}_ratio"],
            unit="x",
            goal=goal,
            details={"cpu_us": figures[f"{policy}_cpu_us"], "off_cpu_us": figures["off_cpu_us"]},
        )
        for policy, told, goal in (
            ("failures", "in memory", Goal(at_least=False, bound=1.1)),
            ("all", "by its commit", None),
        )
    ]
    return [
        *costs,
        Row(
            key="replay",
            title=f"turns run again, {REPLAYED_TURNS:,} of one actor, against the live ones",
            value=figures["replay_ratio"],
            unit="x",
            goal=Goal(at_least=True, bound=1.0),
            details={
                "replay_us": figures["replay_us"],
                "live_us": figures["live_us"],
                "export_s": figures["export_s"],
                "replay_s": figures["replay_s"],
            },
        ),
    ]


def measure(place: Place) -> child.Figures:
    async def work(host: InProcess) -> child.Figures:
        return {**await _costs(host, place), **await _replay(host)}

    return with_host(place.directory, work)


async def _costs(host: InProcess, place: Place) -> child.Figures:
    """Of all threads, for each turn; ratios are made within a round."""
    rounds: list[dict[str, float]] = []
    for number in range(place.effort.rounds + 1):
        order = list(Policy) if number % 2 else list(reversed(Policy))
        found = {policy.value: await _round(host, policy, place.effort.turns) for policy in order}
        if number:
            rounds.append(found)
    return {
        **{
            f"{policy.value}_cpu_us": statistics.median(each[policy.value] for each in rounds)
            for policy in Policy
        },
        **{
            f"{name}_ratio": statistics.median(each[name] / each["off"] for each in rounds)
            for name in ("failures", "all")
        },
    }


async def _round(host: InProcess, policy: Policy, turns: int) -> float:
    await host.runtime.journals.set_policy(NAMESPACE, KIND, policy)
    await asyncio.gather(*(host.increment(f"k{number}") for number in range(KEYS)))
    gc.collect()
    began = time.process_time()
    await _load(host, turns, KEYS)
    return (time.process_time() - began) * 1e6 / turns


async def _load(host: InProcess, turns: int, keys: int) -> None:
    share = max(1, turns // CALLERS)

    async def caller(number: int) -> None:
        for turn in range(share):
            await host.increment(f"k{(number * 7919 + turn) % keys}")

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))


async def _replay(host: InProcess) -> child.Figures:
    """Turns of one actor, all journaled; then the bundle of them, run again."""
    await host.runtime.journals.set_policy(NAMESPACE, KIND, Policy.ALL)
    began = time.perf_counter()
    share = REPLAYED_TURNS // CALLERS

    async def caller() -> None:
        for _ in range(share):
            await host.increment("replayed")

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    live_s = time.perf_counter() - began
    began = time.perf_counter()
    address = Address(NAMESPACE, KIND, "replayed")
    exported = await host.runtime.journals.export(address, None, None)
    export_s = time.perf_counter() - began
    began = time.perf_counter()
    bundle = read_bundle(exported, DEFAULT_LIMITS)
    summary = await replay_all(bundle, host.engine, DEFAULT_LIMITS)
    replay_s = time.perf_counter() - began
    assert summary.divergence is None, summary.divergence
    assert summary.turns == share * CALLERS
    return {
        "live_us": live_s * 1e6 / summary.turns,
        "replay_us": replay_s * 1e6 / summary.turns,
        "replay_ratio": live_s / replay_s,
        "export_s": export_s,
        "replay_s": replay_s,
    }


if __name__ == "__main__":
    child.main(measure)

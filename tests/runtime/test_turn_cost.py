"""How much Python a turn runs: the ratchet of the hot path.

Times say little on a shared machine, and a turn has no hot spot: it becomes slower
call by call. So its calls are counted, which comes out the same on any machine. Who
makes a turn cheaper lowers the bound; who has to raise it says why in the commit.
`python -m benchmarks --rows turn` tells the time.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from kelpie.ids import Address, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.envelope import Envelope
from kelpie.wasm.engine import WasmEngine
from tests.runtime.support import COUNTER, World

TURNS, ROUNDS = 20, 10
CALLS_MAX = {
    # Of an actor that is in memory, each with a commit of its own.
    "warm": 252,
    # Of one that is not: it is loaded, and gets an instance.
    "cold": 514,
}


async def test_calls_of_a_turn(world: World, wasm: Callable[..., WasmEngine]) -> None:
    # The store in memory: how a thread of its own gets along differs from run to run.
    node = await world.start(wasm(DEFAULT_LIMITS), DEFAULT_LIMITS)
    await node.runtime.deploy("default", "counter", COUNTER.read_bytes())
    found: dict[str, float] = {}
    for case in CALLS_MAX:
        rounds = []
        for number in range(ROUNDS):
            keys = [f"{number}/{turn}" if case == "cold" else "one" for turn in range(TURNS)]
            rounds.append(await calls_each(node.runtime, keys))
        # Timers ring now and then, and cost calls of their own.
        found[case] = min(rounds)
    over = {case: calls for case, calls in found.items() if calls > CALLS_MAX[case]}
    assert not over, f"a turn makes more calls than {CALLS_MAX}: {over}"
    under = {case: calls for case, calls in found.items() if calls < 0.95 * CALLS_MAX[case]}
    assert not under, f"lower the bounds {CALLS_MAX}: {under}"


async def calls_each(runtime: Runtime, keys: list[str]) -> float:
    """Of functions written in Python, from the mailbox to the answer, for each turn."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        for key in keys:
            await increment(runtime, key)
    finally:
        sys.setprofile(None)
    return count / len(keys)


def increment(runtime: Runtime, key: str) -> Awaitable[Any]:
    env = runtime.node.env
    return runtime.invoke(
        Envelope(
            Address("default", "counter", key),
            "increment",
            text(""),
            env.new_id(),
            "anonymous",
            False,
            env.monotonic_ns() + 60_000_000_000,
        )
    )

"""What a turn costs in the guest alone: `python -m benchmarks.turn_guest [COMPONENT]`.

Microseconds for a turn of the counter (load, save, reply) through `Guest.run`
with fuel, epochs and limits on, for an instance, and kilobytes for each. The
best of several rounds, so that what else the machine does shows less.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from kelpie.env.real import RealEnv
from kelpie.ids import Address, Payload, binary, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance
from kelpie.wasm.turn import Caller, Failure, Page, Turn

COUNTER = Path(__file__).resolve().parents[1] / "examples" / "rust-counter" / "counter.wasm"
ROUNDS, TURNS, INSTANCES = 8, 10_000, 5_000


class NoValues:
    """Answers of an actor without keys."""

    def kv_get(self, _key: bytes) -> None:
        return None

    def kv_list(self, *_arguments: object) -> Page:
        return Page([], more=False)

    def call(self, *_arguments: object) -> Failure:
        return Failure("unavailable", "nobody is there")


def turn(state: Payload | None, argument: Payload) -> Turn:
    return Turn(
        address=Address("default", "counter", "key"),
        operation="increment",
        argument=argument,
        request_id="request",
        caller=Caller("client", "anonymous"),
        number=1,
        time_ns=1_700_000_000_000_000_000,
        entropy_seed=b"seed",
        read_only=False,
        state=state,
        answers=NoValues(),
    )


async def microseconds_of_turns(guests: list[Instance], argument: Payload) -> float:
    """The best round, through all guests in rotation."""
    best, state = float("inf"), None
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for index in range(TURNS):
            outcome = await guests[index % len(guests)].run(turn(state, argument))
            state = outcome.effects.state
        best = min(best, (time.perf_counter() - begin) / TURNS * 1e6)
    return best


def resident_kilobytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


async def measure(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    for name, argument in (("text", text("")), ("bytes", binary(b""))):
        print(f"turn, {name:<22} {await microseconds_of_turns([guest], argument):8.1f} us")

    before, begin = resident_kilobytes(), time.perf_counter()
    guests = [await component.instantiate() for _ in range(INSTANCES)]
    print(f"instance                     {(time.perf_counter() - begin) / INSTANCES * 1e6:8.1f} us")
    spread = await microseconds_of_turns(guests, text(""))
    print(f"turn, over {INSTANCES} instances   {spread:8.1f} us")
    each = (resident_kilobytes() - before) / INSTANCES
    print(f"instance, resident           {each:8.1f} KB")
    for each_guest in (guest, *guests):
        each_guest.close()


async def main(wasm: bytes) -> None:
    env = RealEnv(lambda *fault: print(*fault, file=sys.stderr))
    with tempfile.TemporaryDirectory() as cache:
        engine = WasmEngine(env, DEFAULT_LIMITS, Path(cache), epochs=True)
        await measure(await engine.load(wasm))
        engine.close()
    env.close()


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else COUNTER
    asyncio.run(main(path.read_bytes()))

"""Same component, same turns, same answers: same outcomes, in any process and order."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.env.real import RealEnv
from kelpie.ids import Payload, binary, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance
from tests.guests import made
from tests.wasm.support import ROGUE, ROOT, StoredValues, Workbench, turn

SHOW = """
import asyncio, sys
from pathlib import Path
from tests.wasm.test_determinism import show
asyncio.run(show(Path(sys.argv[1])))
"""
TURNS = [
    ("whoami", ""),
    ("entropy", {"bytes": 1_000}),
    ("burn", {"rounds": 100_000}),
    ("kv_set", {"key": "a", "value": {"b": [1, 2]}}),
    ("kv_list", {"prefix": ""}),
    ("save_then", {"how": "reject", "value": "v"}),
    ("recurse", ""),
    ("allocate", ""),
    ("trap", {"how": "panic"}),
    ("spin", ""),
]


async def show(cache: Path) -> None:
    """Prints all that comes of some turns."""
    bench = Workbench(
        WasmEngine(RealEnv(lambda *_fault: None), DEFAULT_LIMITS, cache, epochs=False)
    )
    for operation, argument in TURNS:
        outcome = await bench.run(operation, argument)
        print(operation, repr(outcome))
    bench.close()


def test_another_process_shows_the_same(cache_directory: Path) -> None:
    shown = set()
    for seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SHOW, str(cache_directory)]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        shown.add(done.stdout)
    assert len(shown) == 1
    assert shown.pop().count(b"Outcome(") == len(TURNS)


async def test_what_is_not_a_number_has_one_form(workbench: Workbench) -> None:
    """The processor's own would differ, by its kind and by how it came about."""
    zero = "(f32.convert_i32_u (local.get 4))"  # the length of the argument
    bits = f"(i32.reinterpret_f32 (f32.div {zero} {zero}))"
    invoke = f"(if (i32.ne {bits} (i32.const 0x7fc00000)) (then unreachable)) {made.OK}"
    component = await workbench.engine.load(made.component(invoke=invoke))
    guest = await component.instantiate()
    assert (await guest.run(turn("run", ""))).reply == text("ok")
    guest.close()


_Question = tuple[asyncio.Future[Payload | None], Payload]


class AnswersLater(StoredValues):
    """Gives its question a future, which is kept among `asked` with what is to be the answer."""

    def __init__(self, asked: list[_Question], answer: Payload) -> None:
        super().__init__()
        self._asked = asked
        self._answer = answer

    def kv_get(self, key: bytes) -> Awaitable[Payload | None]:
        future: asyncio.Future[Payload | None] = asyncio.get_running_loop().create_future()
        self._asked.append((future, self._answer))
        return future


PAYLOADS = st.one_of(st.text(max_size=50).map(text), st.binary(max_size=50).map(binary))


@pytest.mark.parametrize("epochs", [False, True])
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contents=st.lists(PAYLOADS, min_size=1, max_size=12), random=st.randoms())
def test_whatever_the_order_each_guest_gets_its_own(
    cache_directory: Path, epochs: bool, contents: list[Payload], random: object
) -> None:
    asyncio.run(interleave(cache_directory, epochs, contents, random))


async def interleave(cache: Path, epochs: bool, contents: list[Payload], random: object) -> None:
    env = RealEnv(lambda *_fault: None)
    bench = Workbench(WasmEngine(env, DEFAULT_LIMITS, cache, epochs=epochs))
    waiting: list[_Question] = []

    async def asks(guest: Instance, content: Payload) -> None:
        asked = turn("kv_get", {"key": "k"}, answers=AnswersLater(waiting, content))
        assert (await guest.run(asked)).reply == content
        assert (await guest.run(turn("echo", content))).reply == content

    guests = [await bench.guest(ROGUE) for _ in contents]
    tasks = [
        asyncio.create_task(asks(guest, content))
        for guest, content in zip(guests, contents, strict=True)
    ]
    # A busy machine may cut a guest off before it has asked.
    while len(waiting) < len(contents):
        await asyncio.sleep(0)
    random.shuffle(waiting)  # type: ignore[attr-defined]
    for question, content in waiting:
        question.set_result(content)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    bench.close()
    env.close()

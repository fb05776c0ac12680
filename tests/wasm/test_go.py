"""A program in Go, as it comes from `go build`: an actor of wasip1."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import ActorFailed
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import LogLine
from tests.compiled import PATIENT
from tests.tools import load_tool
from tests.wasm.support import TIME_NS, Workbench, turn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Kept from run to run: to compile it takes some seconds.
KEPT = ROOT / "build" / "go"

go_guests = load_tool("go_guests")


@pytest.fixture(scope="session")
def module() -> bytes:
    """The core module, built once for each state of its sources."""
    try:
        built: Path = go_guests.module("wasip1")
    except go_guests.BuildError as reason:
        pytest.skip(str(reason))
    return built.read_bytes()


@pytest.fixture
async def bench(env: RealEnv) -> AsyncIterator[Workbench]:
    KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Workbench(WasmEngine(env, PATIENT, KEPT, epochs=False))
    yield made
    made.close()


@pytest.fixture
async def component(bench: Workbench, module: bytes) -> LoadedComponent:
    return await bench.engine.load(await bench.engine.componentize(module))


async def run_all(component: LoadedComponent, *turns: object) -> list[object]:
    """What comes of turns in one instance: the text of each reply, or the error."""
    guest = await component.instantiate()
    found: list[object] = []
    for each in turns:
        outcome = await guest.run(each)  # type: ignore[arg-type]
        found.append(outcome.error if outcome.reply is None else outcome.reply.data.decode())
    guest.close()
    return found


async def test_it_is_sealed(component: LoadedComponent) -> None:
    names = {name.partition("@")[0] for name in component.imports}
    assert names == {f"kelpie:actor/{each}" for each in ("types", "clock", "entropy", "log")}


async def test_time_is_the_turns(component: LoadedComponent) -> None:
    later = turn("now", time_ns=TIME_NS + 5)
    replies = await run_all(component, turn("now"), later, turn("sleep", "1h"), turn("timers"))
    assert replies == [str(TIME_NS), str(TIME_NS + 5), "1h0m0s", "10 20 30"]


async def test_randomness_is_the_turns(component: LoadedComponent) -> None:
    one = await run_all(component, turn("random", "40"), turn("born"))
    again = await run_all(component, turn("random", "40"), turn("random", "40"), turn("born"))
    other = await run_all(component, turn("random", "40", entropy_seed=b"other"), turn("born"))
    assert again == [one[0], *one]
    # What it draws when it begins cannot be told either.
    assert not set(one) & set(other)


async def test_it_reaches_nothing(component: LoadedComponent) -> None:
    asked = (turn("surroundings"), turn("file", "/etc/passwd"), turn("input"))
    assert await run_all(component, *asked) == [
        "0 []",
        "open /etc/passwd: Not supported",
        "EOF",
    ]


async def test_what_it_prints_is_logged(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    outcome = await guest.run(turn("say", "hello\nhalf"))
    assert [line.message for line in outcome.log] == ["born", "hello", "half"]
    outcome = await guest.run(turn("complain", "oh \u00e9\n"))
    assert outcome.log == [LogLine("warn", "oh \u00e9")]
    outcome = await guest.run(turn("panic", "boom"))
    assert isinstance(outcome.error, ActorFailed)
    assert re.fullmatch(r"panicked at main\.go:\d+: boom", outcome.error.message)
    assert outcome.log[0] == LogLine("warn", "panic: boom")


async def test_garbage_is_collected_while_memory_is_asked_for(component: LoadedComponent) -> None:
    guest = await component.instantiate()
    for _ in range(300):
        outcome = await guest.run(turn("litter", "300"))
        assert outcome.error is None, outcome.error
    assert guest.held_bytes < 32 << 20
    guest.close()


async def test_the_same_turns_do_the_same(component: LoadedComponent) -> None:
    runs = []
    for _ in range(2):
        guest = await component.instantiate()
        outcomes = [
            await guest.run(turn(operation, "2000"))
            for operation in ("map", "math", "litter", "random", "timers", "say", "now")
        ]
        runs.append([(each.reply, each.fuel, each.journal, each.log) for each in outcomes])
        guest.close()
    assert runs[0] == runs[1]

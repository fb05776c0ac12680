"""Real components of others against the virtual WASI: of componentize-py, of Go with the
adapter that is usual for wasip1, and of componentize-js."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import ActorFailed, GuestTrapped
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import LogLine, Outcome
from tests.compiled import PATIENT
from tests.guests.foreign import BUILDERS, CannotBuild, build
from tests.wasm.support import TIME_NS, Workbench, turn

pytestmark = pytest.mark.slow

Built = tuple[str, bytes, Path]


@pytest.fixture(scope="session", params=BUILDERS)
def built(request: pytest.FixtureRequest) -> Built:
    """Which one, the component, and where what is compiled of it is kept."""
    try:
        return request.param, *build(request.param)
    except CannotBuild as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def component(env: RealEnv, built: Built) -> AsyncIterator[LoadedComponent]:
    bench = Workbench(WasmEngine(env, PATIENT, built[2], epochs=False))
    yield await bench.engine.load(built[1])
    bench.close()


async def first_turn(component: LoadedComponent, *asked: str, **changes: Any) -> Outcome:
    """In an instance of its own."""
    guest = await component.instantiate()
    outcome = await guest.run(turn(*asked, **changes))
    guest.close()
    return outcome


async def reply(component: LoadedComponent, *asked: str, **changes: Any) -> str:
    outcome = await first_turn(component, *asked, **changes)
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    return outcome.reply.data.decode()


async def test_it_imports_wasi_and_is_served(component: LoadedComponent) -> None:
    assert any(name.startswith("wasi:") for name in component.imports)
    assert component.manifest.operations


async def test_time_is_the_turns(component: LoadedComponent) -> None:
    for later in (0, 5_000_000):
        told = float(await reply(component, "now", time_ns=TIME_NS + later))
        # A number of JavaScript has no room for nanoseconds.
        assert abs(told - TIME_NS - later) < 1_000_000


async def test_randomness_is_the_turns(component: LoadedComponent) -> None:
    one, again = [await reply(component, "random", "16") for _ in range(2)]
    other = await reply(component, "random", "16", entropy_seed=b"other")
    assert one == again != other


async def test_it_waits_for_several_things(component: LoadedComponent, built: Built) -> None:
    if built[0] != "python":
        pytest.skip("it waits for one thing at a time")
    outcome = await first_turn(component, "wait", "1.5")
    assert outcome.error is None, outcome.error
    assert any(
        call.name == "wasi:io/poll.poll" and call.arguments == ((1, 2),) for call in outcome.journal
    )
    assert outcome.reply is not None
    # Its input has nothing, and that at once.
    assert json.loads(outcome.reply.data) == [1, 0]


async def test_what_it_prints_is_logged(component: LoadedComponent, built: Built) -> None:
    outcome = await first_turn(component, "say", "h\u00e9llo")
    assert LogLine("info", "h\u00e9llo") in outcome.log
    if built[0] != "go":
        assert LogLine("warn", "complaint") in outcome.log


async def test_it_reaches_nothing(component: LoadedComponent, built: Built) -> None:
    if built[0] == "python":
        assert json.loads(await reply(component, "surroundings")) == [{}, ""]
        assert json.loads(await reply(component, "file", "/etc/passwd")) == "no such thing"
    elif built[0] == "go":
        assert await reply(component, "surroundings") == "0 []"
        assert (await reply(component, "file", "/etc/passwd")).startswith("open /etc/passwd: ")


async def test_a_crash_is_told(component: LoadedComponent, built: Built) -> None:
    operation = "panic" if built[0] == "go" else "crash"
    outcome = await first_turn(component, operation, "boom")
    if built[0] == "go":
        # Go says the place itself, whatever made the component.
        assert isinstance(outcome.error, ActorFailed)
        assert re.fullmatch(r"panicked at main\.go:\d+: boom", outcome.error.message)
    else:
        assert isinstance(outcome.error, GuestTrapped)
    assert any("boom" in line.message for line in outcome.log)


async def test_the_same_turns_do_the_same(component: LoadedComponent) -> None:
    runs = []
    for _ in range(2):
        guest = await component.instantiate()
        outcomes = [await guest.run(turn(each, "16")) for each in ("random", "say", "now")]
        runs.append([(each.reply, each.fuel, each.journal, each.log) for each in outcomes])
        guest.close()
    assert runs[0] == runs[1]

"""Components made with other tools: they get of WASI what a turn has."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator

import pytest

from kelpie.errors import GuestLimitExceeded, GuestTrapped
from kelpie.ids import text
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.instance import Instance
from kelpie.wasm.turn import LogLine, Outcome
from tests.guests import wasi
from tests.wasm.support import TIME_NS, Workbench, turn


@pytest.fixture
async def component(workbench: Workbench) -> LoadedComponent:
    return await workbench.engine.load(wasi.actor())


@pytest.fixture
async def guest(component: LoadedComponent) -> AsyncIterator[Instance]:
    made = await component.instantiate()
    yield made
    made.close()


def bytes_of(outcome: Outcome) -> bytes:
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    return outcome.reply.data


async def test_clocks_are_the_turns(guest: Instance) -> None:
    steady, seconds = struct.unpack("<QQ", bytes_of(await guest.run(turn("now"))))
    assert (steady, seconds) == (TIME_NS, TIME_NS // 1_000_000_000)


async def test_waiting_takes_no_time_and_moves_the_clocks_on(guest: Instance) -> None:
    steady, seconds = struct.unpack("<QQ", bytes_of(await guest.run(turn("wait"))))
    assert steady == TIME_NS + 1_500_000_000
    assert seconds == (TIME_NS + 1_500_000_000) // 1_000_000_000
    # The next turn has its own time; only the steady clock never goes back.
    steady, seconds = struct.unpack("<QQ", bytes_of(await guest.run(turn("now"))))
    assert steady == TIME_NS + 1_500_000_000
    assert seconds == TIME_NS // 1_000_000_000


async def test_of_several_things_the_first_is_waited_for(guest: Instance) -> None:
    steady, seconds = struct.unpack("<QQ", bytes_of(await guest.run(turn("poll"))))
    assert steady == TIME_NS + 1_500_000_000
    assert seconds == (TIME_NS + 1_500_000_000) // 1_000_000_000


async def test_randomness_is_the_turns(component: LoadedComponent) -> None:
    drawn = []
    for seed in (b"one", b"one", b"other"):
        guest = await component.instantiate()
        drawn.append(bytes_of(await guest.run(turn("random", entropy_seed=seed))))
        guest.close()
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


async def test_output_is_the_log(guest: Instance) -> None:
    outcome = await guest.run(turn("say", text("one\ntwo\n\nthr\u00e9e")))
    assert outcome.log == [LogLine("info", line) for line in ("one", "two", "", "thr\u00e9e")]
    outcome = await guest.run(turn("grumble", text("oh\n")))
    assert outcome.log == [LogLine("warn", "oh")]


@pytest.mark.parametrize("size", [16_384, 16_385, 40_000])
async def test_a_long_line_is_several(guest: Instance, size: int) -> None:
    outcome = await guest.run(turn("say", text("\u00e9" * size)))
    assert "".join(line.message for line in outcome.log) == "\u00e9" * size
    assert all(len(line.message.encode()) <= 16_384 for line in outcome.log)


async def test_too_much_output_ends_the_turn(guest: Instance) -> None:
    outcome = await guest.run(turn("say", text("x\n" * 2_000)))
    assert isinstance(outcome.error, GuestLimitExceeded)
    assert outcome.error.details["limit"] == "log_lines_max"


async def test_there_is_no_input(guest: Instance) -> None:
    assert bytes_of(await guest.run(turn("listen"))) == b"\1"


async def test_its_exit_is_a_failed_turn(guest: Instance) -> None:
    outcome = await guest.run(turn("exit"))
    assert isinstance(outcome.error, GuestTrapped)
    assert outcome.error.message == "the actor ended itself, with exit code 3"


async def test_the_same_turns_do_the_same(component: LoadedComponent) -> None:
    runs = []
    for _ in range(2):
        guest = await component.instantiate()
        outcomes = [
            await guest.run(turn(operation, text("a\nb")))
            for operation in ("now", "random", "wait", "say", "grumble", "listen")
        ]
        runs.append([(each.reply, each.fuel, each.journal, each.log) for each in outcomes])
        guest.close()
    assert runs[0] == runs[1]
    assert all(journal for _reply, _fuel, journal, _log in runs[0])


async def test_handles_come_back(guest: Instance) -> None:
    for _ in range(50):
        assert (await guest.run(turn("say", text("x")))).error is None

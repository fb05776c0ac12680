"""Turns that are run again: identical, or the first thing that was not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from kelpie.env.real import RealEnv
from kelpie.ids import Payload
from kelpie.journal.birth import Flown
from kelpie.journal.entries import Entry, seal
from kelpie.journal.expected import Divergence
from kelpie.journal.replay import Ran
from kelpie.journal.values import unpack
from kelpie.limits import Limits
from kelpie.wasm import turn as turns
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.kind_configuration import Configuration, Secret
from kelpie.wasm.turn import Failure
from tests.journal.alteration import altered
from tests.journal.recording import Recording, replayed
from tests.wasm.support import COUNTER, LEDGER, ROGUE, Answerer, Workbench


@pytest.fixture
async def rogue(workbench: Workbench) -> LoadedComponent:
    return await workbench.component(ROGUE)


def divergence(runs: list[Ran]) -> Divergence:
    found = runs[-1].divergence
    assert found is not None, "it ran as recorded"
    return found


async def test_what_was_recorded_runs_again(rogue: LoadedComponent) -> None:
    flown = await _everything(rogue)
    runs = await replayed(flown, rogue)
    assert [run.divergence for run in runs] == [None] * len(flown.entries)
    assert [run.stopped for run in runs] == [None] * len(flown.entries)


async def _everything(rogue: LoadedComponent) -> Flown:
    """Turns that make every sort of host call, in one instance."""
    recording = Recording(rogue)
    recording.answers = Answerer({b"old": Payload(True, b"1")}, answer=Payload(True, b"7"))
    await recording.run("save", "one")
    await recording.run("load", {})
    await recording.run("whoami", {})
    await recording.run("kv_set", {"key": "a", "value": "1"})
    await recording.run("kv_get", {"key": "a"})
    await recording.run("kv_list", {})
    await recording.run("kv_delete", {"key": "a"})
    await recording.run("entropy", {"bytes": 8})
    await recording.run("log", {"message": "hello", "lines": 2})
    await recording.run("reminders", {})
    await recording.run("kv_get", {"key": "old"})
    await recording.run("call", {"key": "other", "argument": "x"})
    recording.answers.answer = Failure("rejected", "not today", "no-way")
    await recording.run("call", {"key": "other", "argument": "x", "call_key": "mine"})
    await recording.run("send", {"key": "other", "argument": "x"})
    await recording.run("send", {"key": "other", "argument": "x", "delay_ms": 7})
    await recording.run("send", {"key": "other", "argument": "x", "continuation": "echo"})
    await recording.run("remind", {"name": "tea", "ms": 5, "argument": "x"})
    await recording.run("remind", {"name": "tea", "ms": 13, "argument": "x"})
    await recording.run("cancel_reminder", {"name": "kept"})
    await recording.run("cancel_reminder", {"name": "nobody"})
    await recording.run("volatile", {})
    return recording.flown()


@pytest.mark.parametrize(
    ("operation", "argument", "code"),
    [
        ("fail", {"kind": "rejected"}, "rejected/on-purpose"),
        ("fail", {"kind": "failed"}, "actor-failed"),
        ("fail", {"kind": "unknown"}, "actor-outcome-unknown"),
        ("save_then", {"how": "trap", "value": "1"}, "guest-trapped"),
        ("spin", {}, "guest-out-of-fuel"),
        ("allocate", {}, "guest-out-of-memory"),
        ("write", {"bytes": 5_000_000, "to": "state"}, "guest-limit-exceeded"),
        ("kv_get", {"key": ""}, "guest-broke-contract"),
    ],
)
async def test_a_failure_is_the_same_failure_again(
    rogue: LoadedComponent, operation: str, argument: Any, code: str
) -> None:
    recording = Recording(rogue)
    await recording.run("volatile", {})
    outcome = await recording.run(operation, argument)
    assert outcome.instance_lost
    first, second = await replayed(recording.flown(), rogue)
    assert first.divergence is second.divergence is second.stopped is None
    assert second.outcome is not None
    assert second.outcome.error is not None
    assert second.outcome.error.code == code.partition("/")[0]
    assert second.outcome.fuel == outcome.fuel


async def test_a_turn_that_the_clock_ended_stops_the_replay(
    env: RealEnv, cache_directory: Path
) -> None:
    limits = Limits(turn_wall_time_ms_max=50)
    engine = WasmEngine(env, limits, cache_directory, epochs=True)
    slow = Workbench(engine)
    try:
        component = await slow.component(ROGUE)
        recording = Recording(component)
        await recording.run("volatile", {})
        outcome = await recording.run("spin", {})
        assert outcome.error is not None
        assert outcome.error.code == "guest-timed-out"
        assert outcome.fuel > 0
        *_, last = await replayed(recording.flown(), component)
        assert last.divergence is None
        assert last.stopped is not None
        assert "guest-timed-out" in last.stopped
        assert last.outcome is not None
        assert last.outcome.fuel <= outcome.fuel
    finally:
        slow.close()


async def test_batches_run_again(workbench: Workbench) -> None:
    ledger = await workbench.component(LEDGER)
    recording = Recording(ledger)
    lines = '{"operation": "append", "argument": {"item": "a"}}\n{"operation": "count"}\n'
    outcome = await recording.run("", lines, is_batch=True)
    assert outcome.error is None, outcome.error
    await recording.run("append", {"item": "b"})
    runs = await replayed(recording.flown(), ledger)
    assert [run.divergence for run in runs] == [None, None]


async def test_another_component_diverges_at_its_first_difference(workbench: Workbench) -> None:
    counter, rogue = await workbench.component(COUNTER), await workbench.component(ROGUE)
    recording = Recording(counter)
    await recording.run("increment")
    found = divergence(await replayed(recording.flown(), rogue))
    assert (found.turn, found.position, found.call) == (1, 1, 1)
    assert found.what == "a host call was not made"
    assert found.expected == "state.load() -> nothing"


# What an altered journal looks like.


def _resealed(sealed: bytes, change: Callable[[list[Any]], None]) -> bytes:
    """A part of a journal, altered by someone who knows of checksums."""
    members = list(unpack(sealed[4:]))
    change(members)
    return seal(msgpack.packb(_plain(members)))


def _plain(value: Any) -> Any:
    if type(value) is Payload:
        return msgpack.ExtType(1 if value.is_text else 2, value.data)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


async def test_a_host_call_that_was_altered_is_named(rogue: LoadedComponent) -> None:
    """Every field of every host call: its name, each argument, and its result."""
    flown = await _everything(rogue)
    altered = 0
    for position, entry in enumerate(flown.entries, 1):
        for number, call in enumerate(entry.calls, 1):
            name, arguments, _ = unpack(call[4:])
            for change in _changes(arguments):
                calls = list(entry.calls)
                calls[number - 1] = _resealed(call, change)
                again = Flown(flown.birth, list(flown.entries))
                again.entries[position - 1] = entry._replace(calls=tuple(calls))
                found = divergence(await replayed(again, rogue))
                assert (found.position, found.call) == (position, number), (name, found)
                altered += 1
    assert altered > 100


def _name(members: list[Any]) -> None:
    members[0] = altered(members[0])


def _result(members: list[Any]) -> None:
    members[2] = altered(members[2])


def _changes(arguments: tuple[Any, ...]) -> list[Callable[[list[Any]], None]]:
    def changing(index: int) -> Callable[[list[Any]], None]:
        def change(members: list[Any]) -> None:
            told = list(members[1])
            told[index] = altered(told[index])
            members[1] = told

        return change

    return [_name, _result, *map(changing, range(len(arguments)))]


async def test_an_input_that_was_altered_is_named(rogue: LoadedComponent) -> None:
    """Every field of what each turn was given, also where its guest does not look at it."""
    flown = await _everything(rogue)
    for position, entry in enumerate(flown.entries, 1):
        for index in range(len(unpack(entry.given[4:]))):

            def change(members: list[Any], index: int = index) -> None:
                members[index] = altered(members[index])

            again = Flown(flown.birth, list(flown.entries))
            again.entries[position - 1] = entry._replace(given=_resealed(entry.given, change))
            found = divergence(await replayed(again, rogue))
            assert (found.position, found.call) == (position, None), (index, found)
            assert found.what == "its record was altered"


@pytest.mark.parametrize("index", range(6))
async def test_an_end_that_was_altered_is_named(rogue: LoadedComponent, index: int) -> None:
    flown = await _everything(rogue)

    def change(members: list[Any]) -> None:
        members[index] = ("guest-trapped", "it") if index == 1 else altered(members[index])
        if index == 3:
            members[index] = (("info", "more"),)

    for position, entry in enumerate(flown.entries, 1):
        again = Flown(flown.birth, list(flown.entries))
        again.entries[position - 1] = entry._replace(end=_resealed(entry.end, change))
        found = divergence(await replayed(again, rogue))
        assert (found.position, found.call) == (position, None)


async def test_damage_is_named_where_it_is(rogue: LoadedComponent) -> None:
    """A byte of any part of any turn, without its checksum put right."""
    flown = await _everything(rogue)
    for position, entry in enumerate(flown.entries, 1):
        for damaged in (
            entry._replace(given=_flipped(entry.given)),
            entry._replace(end=_flipped(entry.end)),
            *(
                entry._replace(
                    calls=(*entry.calls[:n], _flipped(call), *entry.calls[n + 1 :]),
                )
                for n, call in enumerate(entry.calls)
            ),
        ):
            again = Flown(flown.birth, list(flown.entries))
            again.entries[position - 1] = damaged
            found = divergence(await replayed(again, rogue))
            assert found.position == position
            assert found.what == "its record was altered"


def _flipped(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1])


async def test_calls_that_are_missing_or_too_many_are_named(rogue: LoadedComponent) -> None:
    flown = await _everything(rogue)
    at = next(n for n, e in enumerate(flown.entries) if len(e.calls) > 5)
    entry = flown.entries[at]

    async def with_calls(calls: tuple[bytes, ...]) -> Divergence:
        again = Flown(flown.birth, list(flown.entries))
        again.entries[at] = entry._replace(calls=calls)
        return divergence(await replayed(again, rogue))

    fewer = await with_calls(entry.calls[:-1])
    assert (fewer.call, fewer.what) == (len(entry.calls), "one more host call was made")
    more = await with_calls((*entry.calls, entry.calls[0]))
    assert (more.call, more.what) == (len(entry.calls) + 1, "a host call was not made")


async def test_a_turn_that_was_too_large_stops_the_replay(rogue: LoadedComponent) -> None:
    limits = Limits(journal_turn_bytes_max=2_000)
    recording = Recording(rogue, limits=limits)
    await recording.run("volatile", {})
    await recording.run("host_calls", {"calls": 1_000})
    flown = recording.flown()
    assert isinstance(flown.entries[1], Entry)
    assert flown.entries[1].size < 1_000
    first, second = await replayed(flown, rogue, limits)
    assert first.divergence is first.stopped is second.divergence is None
    assert second.stopped is not None
    assert "were not kept" in second.stopped


async def test_large_arguments_are_compared_by_their_digests(rogue: LoadedComponent) -> None:
    recording = Recording(rogue)
    await recording.run("save", "x" * 100_000)
    await recording.run("load", {})
    flown = recording.flown()
    assert sum(entry.size for entry in flown.entries) < 202_000
    assert flown.entries[0].calls[0].__sizeof__() < 200
    runs = await replayed(flown, rogue)
    assert [run.divergence for run in runs] == [None, None]
    assert runs[-1].held.state == Payload(True, b"x" * 100_000)


async def test_secrets_stay_behind_and_their_stand_ins_run_again(rogue: LoadedComponent) -> None:
    configuration = Configuration(
        {"COLOR": "red"}, {"TOKEN": Secret("correct horse battery", 1), "PIN": Secret("1234", 2)}
    )
    recording = Recording(rogue, configuration)
    for name in ("TOKEN", "PIN"):
        for how in ("reply", "log"):
            outcome = await recording.run("secret", {"name": name, "how": how})
            assert outcome.error is None, outcome.error
    await recording.run("config", {"name": "COLOR"})
    await recording.run("save", "correct horse battery")
    flown = recording.flown()
    whole = repr(flown) + "".join(repr(entry) for entry in flown.entries)
    assert "correct horse" not in whole
    runs = await replayed(flown, rogue)
    # A short one is found in no text: where an actor tells it, the journal has it.
    assert [run.divergence for run in runs][:2] == [None, None]


async def test_time_asked_live_would_be_noticed(
    rogue: LoadedComponent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that answers with a clock of its own, not with the turn's time."""
    flown = await _everything(rogue)
    original = turns.Turn.__init__

    def later(self: turns.Turn, *given: Any, **named: Any) -> None:
        original(self, *given, **named)
        self.time_ns += 1

    monkeypatch.setattr(turns.Turn, "__init__", later)
    found = divergence(await replayed(flown, rogue))
    assert found.what == "clock.now was answered something else"

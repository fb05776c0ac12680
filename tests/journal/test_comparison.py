"""Another component over recorded turns."""

from __future__ import annotations

from kelpie.ids import Payload
from kelpie.journal.bundles import Bundle
from kelpie.journal.comparison import Comparison, compare
from kelpie.journal.heads import Head
from kelpie.journal.summary import replay_all
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.turn import Component
from tests.journal.recording import Recording
from tests.wasm.support import COUNTER, LEDGER, ROGUE, Workbench

HEAD = Head("it/one", "default", "1", "wasmtime", 1, {})


async def compared(bundle: Bundle, other: Component, workbench: Workbench) -> Comparison:
    async def component_of(digest: str) -> Component:
        return await workbench.engine.load(bundle.components[digest])

    return await compare(bundle.flown, other, component_of, DEFAULT_LIMITS)


async def test_the_same_component_does_the_same(workbench: Workbench) -> None:
    ledger = await workbench.component(LEDGER)
    recording = Recording(ledger)
    for item in ("a", "b"):
        await recording.run("append", {"item": item})
    await recording.run("list", {})
    await recording.run("remove", {"number": 7})
    bundle = Bundle(HEAD, {ledger.digest: LEDGER.read_bytes()}, [recording.flown()])
    found = await compared(bundle, ledger, workbench)
    assert (found.turns, found.changed, found.divergence) == (4, 0, None)
    append = found.operations["append"]
    assert append.turns == 2
    assert append.fuel_before == append.fuel_after > 0


async def test_another_one_is_told_from_it_turn_by_turn(workbench: Workbench) -> None:
    counter, rogue = await workbench.component(COUNTER), await workbench.component(ROGUE)
    recording = Recording(rogue)
    await recording.run("volatile", {})
    await recording.run("save", "1")
    await recording.run("load", {})
    bundle = Bundle(HEAD, {rogue.digest: ROGUE.read_bytes()}, [recording.flown()])
    found = await compared(bundle, counter, workbench)
    assert (found.turns, found.changed) == (3, 3)
    first, second, _ = found.changes
    assert (first.turn, first.operation, first.call) == (1, "volatile", None)
    assert first.before == '{"turns":1}'
    assert first.after.startswith("rejected/")
    assert (second.operation, second.call) == ("save", 1)
    assert (second.before, second.after) == ("state.save(1) -> nothing", "the end of the turn")
    assert found.operations["save"].changed_calls == 1


async def test_what_was_not_recorded_is_not_made_up(workbench: Workbench) -> None:
    """Of an operation that both have, but for which one of them reads kv."""
    ledger, rogue = await workbench.component(LEDGER), await workbench.component(ROGUE)
    recording = Recording(rogue)
    await recording.run("kv_get", {"key": "absent"})
    flown = recording.flown()
    bundle = Bundle(HEAD, {rogue.digest: ROGUE.read_bytes()}, [flown])
    found = await compared(bundle, ledger, workbench)
    assert found.changed == 1
    recording = Recording(rogue)
    await recording.run("list", {})
    bundle = Bundle(HEAD, {rogue.digest: ROGUE.read_bytes()}, [recording.flown()])
    found = await compared(bundle, ledger, workbench)
    (change,) = found.changes
    assert change.after == "what kv has from 'item/' on was not recorded"


async def test_it_stops_behind_a_turn(workbench: Workbench) -> None:
    rogue = await workbench.component(ROGUE)
    recording = Recording(rogue)
    await recording.run("save", "one")
    await recording.run("kv_set", {"key": "a", "value": "1"})
    await recording.run("log", {"message": "hello"})
    await recording.run("save", "two")
    bundle = Bundle(HEAD, {rogue.digest: ROGUE.read_bytes()}, [recording.flown()])
    summary = await replay_all(bundle, workbench.engine, DEFAULT_LIMITS, until=3)
    assert (summary.turns, summary.turn, summary.divergence) == (3, 3, None)
    assert summary.held is not None
    assert summary.held.state == Payload(True, b"one")
    assert summary.held.kv == {b"a": Payload(True, b"1")}
    assert [line.message for line in summary.held.log] == ["hello"]

"""Deadlines: what one that passes means depends on how far the request has come."""

from __future__ import annotations

import asyncio

from kelpie.ids import Payload, text
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, outcome, settle

LONG_MS = 600_000


async def pass_ms(node: TestNode, ms: int) -> None:
    """Lets time pass, as requests see it, and the sweep notice."""
    node.env.ahead_ms += ms
    for _ in range(5):
        await asyncio.sleep(0.002)


async def test_one_that_waits_is_taken_out_of_the_queue(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append})
    first = node.ask("slow", "a", deadline_ms=LONG_MS)
    late = node.ask("append", "b", deadline_ms=1000)
    last = node.ask("append", "c", deadline_ms=LONG_MS)
    await settle()
    await pass_ms(node, 2000)
    assert await outcome(late) == "deadline-exceeded"
    assert not first.done()
    gate.open()
    assert [await outcome(first), await outcome(last)] == ["a", "ac"]
    assert len(node.component.turns) == 2


async def test_one_that_runs_is_killed_and_rolled_back(scripted: StartScripted) -> None:
    async def hang(host: Host) -> Payload:
        host.save(text("must not be kept"))
        await asyncio.get_running_loop().create_future()
        return text("never")

    node = await scripted({"hang": hang, "append": append})
    await node.get("append", "a")
    [instance] = node.component.live
    late = node.ask("hang", deadline_ms=1000)
    next_one = node.ask("append", "b", deadline_ms=LONG_MS)
    await settle()
    await pass_ms(node, 2000)
    assert await outcome(late) == "deadline-exceeded"
    assert instance.closed
    assert await outcome(next_one) == "ab"


async def test_one_that_waits_for_the_load_is_answered(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    node.link.reads_stand = node.env.future()
    late = node.ask("append", "a", deadline_ms=1000)
    patient = node.ask("append", "b", deadline_ms=LONG_MS)
    await settle()
    await pass_ms(node, 2000)
    assert await outcome(late) == "deadline-exceeded"
    stand, node.link.reads_stand = node.link.reads_stand, None
    stand.set_result(None)
    assert await outcome(patient) == "b"


async def test_one_that_is_committed_has_an_unknown_outcome(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "read": read}, read_only={"read"})
    node.link.hold()
    late = node.ask("append", "a", id="request", deadline_ms=1000)
    held = await node.link.held()
    reading = node.ask("read", deadline_ms=1000)
    await settle()
    await pass_ms(node, 2000)
    assert await outcome(late) == "outcome-unknown"
    # What commits nothing was surely not done.
    assert await outcome(reading) == "deadline-exceeded"
    again = node.ask("append", "a", id="request", deadline_ms=LONG_MS)
    # However long it takes: it waits for the truth by its own deadline.
    await pass_ms(node, 2000)
    assert not again.done()
    held.land()
    assert await outcome(again) == "a"
    assert await outcome(node.ask("append", "a", id="request")) == "a"
    assert len(node.component.turns) == 2


async def test_a_duplicate_keeps_the_request_going(scripted: StartScripted) -> None:
    """Each who waits has a deadline of their own; the turn has the last."""
    gate = Gate()
    node = await scripted({"slow": gate.script(append)})
    impatient = node.ask("slow", "a", id="request", deadline_ms=1000)
    await settle()
    patient = node.ask("slow", "a", id="request", deadline_ms=LONG_MS)
    await settle()
    await pass_ms(node, 2000)
    assert await outcome(impatient) == "outcome-unknown"
    assert not patient.done()
    gate.open()
    assert await outcome(patient) == "a"


async def test_a_passed_deadline_runs_nothing(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    assert await outcome(node.ask("append", "a", deadline_ms=-1)) == "deadline-exceeded"
    assert node.component.turns == []


async def test_many_deadlines_at_once(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append})
    asked = [node.ask("slow", "a", deadline_ms=1000) for _ in range(100)]
    asked += [node.ask("slow", "a", key=str(n), deadline_ms=1000) for n in range(100)]
    await settle()
    await pass_ms(node, 2000)
    assert {await outcome(each) for each in asked} == {"deadline-exceeded"}
    assert await node.get("append", "b") == "b"


async def test_a_caller_who_goes_away_does_not_stop_the_turn(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append})
    gone = node.ask("slow", "a", id="request")
    queued = node.ask("append", "b")
    await settle()
    gone.cancel()
    queued.cancel()
    await settle()
    gate.open()
    assert await outcome(node.ask("slow", "a", id="request")) == "a"
    assert await node.get("append", "c") == "abc"


async def test_killed_in_every_wait(scripted: StartScripted) -> None:
    """Wherever a turn stands when it is killed, the next one runs."""
    node = await scripted({"put": _put_and_list, "append": append})
    await node.get("append", "a", id="first")
    for reads in range(8):
        stand = node.link.stand_after(reads)
        late = node.ask("put", str(reads), id=f"late-{reads}", deadline_ms=1000)
        await settle()
        await pass_ms(node, 2000)
        said = await outcome(late)
        assert said in ("deadline-exceeded", "outcome-unknown", "ok"), said
        stand.set_result(None)
        node.link.reads_stand = None
        if said != "deadline-exceeded":
            assert await outcome(node.ask("put", str(reads), id=f"late-{reads}")) == "ok"
        node.runtime.drop_instances()
    assert await node.get("append", "b") == "ab"


async def _put_and_list(host: Host) -> Payload:
    await host.list()
    await host.get(b"key")
    host.set(host.turn.argument.data, text("x"))
    return text("ok")

"""What is remembered of turns, and how they hang together."""

from __future__ import annotations

import asyncio

from kelpie.errors import ActorRejected
from kelpie.runtime.requests.cause import Cause
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.telemetry.traces import Span
from tests.runtime.conftest import StartScripted
from tests.runtime.scripts import Gate, append, failing, read
from tests.runtime.support import TestNode, outcome, settle

TRACE = "a" * 32
SCRIPTS = {"append": append, "read": read, "reject": failing(ActorRejected("no", "never"))}


async def find(node: TestNode, name: str, namespace: str = "default") -> list[Span]:
    return await node.runtime.node.traces.find(name, namespace)


def caused(node: TestNode, by: Envelope, key: str, operation: str = "append") -> Envelope:
    asked = node.envelope(operation, "x", key=key)
    asked.cause = by.cause_of("call")
    return asked


async def test_what_a_request_has_caused(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, read_only={"read"})
    first = node.envelope("append", "a", id="order-17")
    await node.runtime.invoke(first)
    second, third = caused(node, first, "two"), caused(node, first, "three", "reject")
    await node.runtime.invoke(second)
    await outcome(asyncio.ensure_future(node.runtime.invoke(third)))
    fourth = caused(node, second, "four", "read")
    await node.runtime.invoke(fourth)
    await node.get("append", "b", id="order-18")
    spans = await find(node, "order-17")
    assert spans == await find(node, first.trace_id) == await find(node, second.request_id)
    assert [(span.address.key, span.cause.sort, span.outcome) for span in spans] == [
        ("one", "request", "reply"),
        ("two", "call", "reply"),
        ("three", "call", "rejected"),
        ("four", "call", "reply"),
    ]
    parents = [span.cause.span_id for span in spans]
    assert parents == ["", first.span_id, first.span_id, second.span_id]
    for span in spans:
        assert 0 < span.asked_ns <= span.begun_ns <= span.ended_ns <= span.settled_ns
        assert (span.turn, span.version) == (1, 1)
    assert len(await find(node, "order-18")) == 1


async def test_nothing_of_another_namespace_is_told(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    asked = node.envelope("append", id="order-17")
    await node.runtime.invoke(asked)
    assert await find(node, asked.trace_id)
    assert not await find(node, asked.trace_id, "other")
    assert not await find(node, "order-17", "other")


async def test_what_never_had_a_turn(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    for _ in range(2):
        await node.get("append", "a", id="order-17")
    assert [(s.outcome, bool(s.begun_ns), s.version) for s in await find(node, "order-17")] == [
        ("reply", True, 1),
        ("repeated", True, 0),
    ]
    late = node.envelope("append", "a", id="late", deadline_ms=-1)
    assert await outcome(asyncio.ensure_future(node.runtime.invoke(late))) == "deadline-exceeded"
    (span,) = await find(node, "late")
    assert (span.outcome, span.ended_ns, span.version) == ("deadline-exceeded", 0, 0)


async def test_what_goes_on_still(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    asked = node.ask("slow", "a", id="slow")
    waits = node.ask("append", "a", id="waits")
    await settle()
    assert [span.outcome for span in await find(node, "slow")] == ["running"]
    (queued,) = await find(node, "waits")
    assert (queued.outcome, queued.begun_ns, queued.settled_ns) == ("queued", 0, 0)
    gate.open()
    await asked
    await waits
    assert [span.outcome for span in await find(node, "slow")] == ["reply"]


async def test_a_deletion_is_in_it(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    await node.delete(id="gone")
    (span,) = await find(node, "gone")
    assert (span.operation, span.outcome, span.turn) == ("(delete)", "reply", 2)


async def test_so_many_bytes_are_kept(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, recent_turns_bytes_max=10_000)
    for number in range(50):
        await node.get("append", id=f"order-{number}", key="k" * 100)
    known = [number for number in range(50) if await find(node, f"order-{number}")]
    assert 5 < len(known) < 10_000 / 900
    assert known[-1] == 49
    # One that takes more by itself is not kept, and makes no room for long.
    await node.get("append", id="large", key="k" * 3000)
    assert not await find(node, "large")


async def test_the_state_of_a_trace_counts(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, recent_turns_bytes_max=10_000)
    for _ in range(50):
        asked = node.envelope("append")
        asked.cause = Cause("request", TRACE, "b" * 16, 1, "v=" + "x" * 500)
        await node.runtime.invoke(asked)
    assert 5 < len(await find(node, TRACE)) < 10_000 / 1_300


async def test_to_look_lets_others_go_on(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, read_only={"read"})
    for number in range(450):
        await node.get("read", id=f"order-{number}")
    steps, looking = 0, asyncio.ensure_future(find(node, "order-0"))
    while not looking.done():
        await asyncio.sleep(0)
        steps += 1
    assert len(looking.result()) == 1
    assert steps > 4

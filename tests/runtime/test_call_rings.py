"""Actors that would wait for themselves: the call that closes the ring fails, and names it."""

from __future__ import annotations

import asyncio
import json

import pytest

from kelpie.ids import Payload, text
from kelpie.runtime.kinds.grants import parse_grant
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, outcome, settle
from tests.runtime.test_calls import told


async def chain(host: Host) -> Payload:
    """Calls the actors `KEY KEY ...`, each the next one; the last one tells its state."""
    keys = host.turn.argument.data.decode().split()
    if not keys:
        return read(host)
    return told(await host.call(keys[0], "chain", " ".join(keys[1:])))


async def started(scripted: StartScripted, **limits: int) -> TestNode:
    return await scripted({"chain": chain, "append": append, "read": read}, **limits)


async def refused(node: TestNode, argument: str, **more: object) -> str:
    """Why the call was, that the last actor of the chain made."""
    answer = json.loads(await node.get("chain", argument, **more))
    assert answer[0] == "failed"
    message: str = answer[1]
    return message


@pytest.mark.parametrize(
    ("argument", "ring"),
    [
        ("one", "default/thing/one -> default/thing/one"),
        ("two one", "default/thing/two -> default/thing/one -> default/thing/two"),
        ("two three two", "default/thing/three -> default/thing/two -> default/thing/three"),
        ("two two", "default/thing/two -> default/thing/two"),
    ],
)
async def test_a_ring_within_one_request(scripted: StartScripted, argument: str, ring: str) -> None:
    node = await started(scripted)
    assert f"would wait for itself: {ring}." in await refused(node, argument)
    assert node.runtime.reception.calls.waiting == 0


async def test_a_ring_of_two_requests(scripted: StartScripted) -> None:
    gate = Gate()

    async def meet(host: Host) -> Payload:
        await gate.pass_through()
        return told(await host.call(host.turn.argument.data.decode(), "read"))

    node = await started(scripted)
    node.component.scripts["meet"] = meet
    asked = [node.ask("meet", "two", key="one"), node.ask("meet", "one", key="two")]
    while gate.waiting < 2:
        await asyncio.sleep(0)
    gate.open()
    answers = [await outcome(each) for each in asked]
    # One of them is refused; then the other gets through.
    assert answers[0] == ""
    case, message, _ = json.loads(answers[1])
    assert case == "failed"
    assert "default/thing/two -> default/thing/one -> default/thing/two" in message


async def test_who_has_run_the_call_may_ask_back_before_it_is_answered(
    scripted: StartScripted,
) -> None:
    """Its answer waits for the store alone: nobody waits for anybody."""
    node = await started(scripted)

    async def call(host: Host) -> Payload:
        key, operation = host.turn.argument.data.decode().split()
        return told(await host.call(key, operation, "x"))

    node.component.scripts["call"] = call
    node.link.hold()
    first = node.ask("call", "two append", key="one")
    held = await node.link.held()
    second = node.ask("call", "one append", key="two")
    await settle(50)
    assert node.runtime.reception.calls.waiting == 2
    held.land()
    assert [await outcome(first), await outcome(second)] == ["x", "x"]


async def test_two_callers_of_one_actor_are_no_ring(scripted: StartScripted) -> None:
    node = await started(scripted)
    asked = [node.ask("chain", "two three", key=f"k{number}") for number in range(10)]
    assert [await outcome(each) for each in asked] == [""] * 10


async def test_a_chain_has_an_end(scripted: StartScripted) -> None:
    node = await started(scripted, call_chain_actors_max=3)
    assert await node.get("chain", "two three") == ""
    assert "call_chain_actors_max" in await refused(node, "two three four")


async def test_calls_stay_in_their_namespace_unless_it_is_granted(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    await node.runtime.deploy("other", "thing", b"thing")

    async def cross(host: Host) -> Payload:
        return told(await host.call("two", "append", "x", namespace="other"))

    node.component.scripts["cross"] = cross
    case, message, _ = json.loads(await node.get("cross"))
    assert case == "failed"
    assert "--grant all,messaging:other" in message
    await node.runtime.deploy(
        "default", "thing", b"thing", grant=parse_grant("all,messaging:other")
    )
    assert await node.get("cross") == "x"
    # No other way round, and nowhere else.
    await node.runtime.deploy(
        "default", "thing", b"thing", grant=parse_grant("messaging:more,messaging:another")
    )
    assert json.loads(await node.get("cross"))[0] == "failed"


async def test_an_actor_with_the_same_key_elsewhere_is_another(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.runtime.deploy("default", "other", b"thing")

    async def across(host: Host) -> Payload:
        return told(await host.call("one", "append", "x", kind="other"))

    node.component.scripts["across"] = across
    assert await node.get("across") == "x"
    assert text("x") == await node.ask("read", kind="other")

"""Durable turns that no client asked for: of messages and reminders."""

from __future__ import annotations

import asyncio

from kelpie.ids import Payload, text
from kelpie.wasm.schedule import Schedule, SetReminder
from tests.runtime.conftest import StartScripted
from tests.runtime.durable.support import Stops, crashed, in_flight, started, until
from tests.runtime.scripted import Host, Script
from tests.runtime.support import TestNode

LIMITS = {"letter_retry_ms_min": 1, "letter_retry_ms_max": 5, "outbox_sweep_ms": 5}


async def send(host: Host) -> Payload:
    """Has `one` go a round, and hears what came of it."""
    refused = await host.send("one", "rounds", "a b", continuation="hear")
    assert refused is None
    return text("")


def hear(host: Host) -> Payload:
    host.save(text(host.turn.argument.data.decode()))
    return text("")


def remind(host: Host) -> Payload:
    argument = host.turn.argument
    host.remind("once", SetReminder(Schedule("after-ms", 0), "fire-once", "rounds", argument))
    return text("")


SCRIPTS: dict[str, Script] = {"send": send, "hear": hear, "remind": remind}


async def crash_in_it(
    scripted: StartScripted, stops: Stops, operation: str, argument: str, key: str
) -> TestNode:
    """Has the turn of `one` begin, and the host crash before its second call."""
    node = await started(scripted, stops, SCRIPTS, **LIMITS)
    stops.at.add("one/2")
    await node.get(operation, argument, key=key)
    await until(lambda: "one/2" in stops.reached)
    assert await in_flight(node) == [("one", "rounds", 1)]
    following = await crashed(scripted, node, stops, SCRIPTS, **LIMITS)
    stops.pass_all()
    return following


async def check_done_once(node: TestNode) -> None:
    async with asyncio.timeout(20):
        while await node.get("read") == "":
            await asyncio.sleep(0.001)
    assert await in_flight(node) == []
    await asyncio.sleep(0.05)
    assert await node.get("read") == "[x,x]"
    assert await node.get("read", key="a") == "x"
    assert await node.get("read", key="b") == "x"


async def test_a_letters_turn_goes_on_and_is_delivered_once(scripted: StartScripted) -> None:
    stops = Stops()
    node = await crash_in_it(scripted, stops, "send", "", "two")
    await check_done_once(node)
    async with asyncio.timeout(20):
        while '"text": "x,x"' not in await node.get("read", key="two"):
            await asyncio.sleep(0.001)


async def test_a_reminders_turn_goes_on_and_fires_once(scripted: StartScripted) -> None:
    node = await crash_in_it(scripted, Stops(), "remind", "a b", "one")
    await check_done_once(node)
    assert await node.runtime.mail.messages.reminders(node.envelope("read").target) == []

"""A call leaves when an answer could: all that its turn has seen is durable, and still ours."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import StoreReadFailed, StoreWriteFailed
from kelpie.ids import Payload, text
from kelpie.runtime.node import declare_dead
from tests.runtime.conftest import StartScripted
from tests.runtime.link import failing as failing_commit
from tests.runtime.link import unknown_but_landed
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, log, read
from tests.runtime.support import TestNode, World, outcome, settle
from tests.runtime.test_calls import relay, told

SCRIPTS = {"append": append, "log": log, "read": read, "relay": relay}


async def started(scripted: StartScripted, **more: object) -> TestNode:
    return await scripted({**SCRIPTS, **more}, read_only={"read"}, call_retry_ms=1)


def called(node: TestNode) -> list[str]:
    """The operations that the actor `two` was asked for."""
    return [turn.operation for turn in node.component.turns if turn.address.key == "two"]


async def test_it_waits_for_the_turns_before_it(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    before = node.ask("append", "a")
    held = await node.link.held()
    asked = node.ask("relay", "two append x")
    await settle(50)
    assert node.runtime.reception.calls.waiting == 1, "the turn is in the middle of its call"
    assert called(node) == []
    held.land()
    assert [await outcome(before), await outcome(asked)] == ["a", "x"]
    assert called(node) == ["append"]


async def test_it_waits_for_turns_that_wait_for_their_commit(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.holding = True
    asked = [node.ask("append", "a")]
    first = await node.link.held()
    asked += [node.ask("append", "b"), node.ask("relay", "two append x")]
    await settle(50)
    first.land()
    second = await node.link.held()
    await settle(50)
    assert called(node) == []
    second.land()
    node.link.release()
    assert [await outcome(each) for each in asked] == ["a", "ab", "x"]


async def test_it_never_leaves_if_they_are_not_committed(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    before = node.ask("append", "a")
    held = await node.link.held()
    asked = node.ask("relay", "two append x")
    await settle(50)
    held.fail(StoreWriteFailed("the disk is gone"))
    assert [await outcome(before), await outcome(asked)] == ["store-write-failed"] * 2
    assert called(node) == []
    assert node.runtime.reception.calls.waiting == 0
    assert await node.get("relay", "two append y") == "y"


async def test_it_never_leaves_if_they_were_not_committed_before_it_was_made(
    scripted: StartScripted,
) -> None:
    gate = Gate()

    async def late(host: Host) -> Payload:
        await gate.pass_through()
        return told(await host.call("two", "append", "x"))

    node = await started(scripted, late=late)
    node.link.fates.append(failing_commit(StoreWriteFailed("the disk is gone")))
    before, asked = node.ask("append", "a"), node.ask("late")
    assert await outcome(before) == "store-write-failed"
    await settle()
    gate.open()
    assert await outcome(asked) == "store-write-failed"
    assert called(node) == []


async def test_it_never_leaves_a_node_that_was_declared_dead(
    scripted: StartScripted, world: World
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    transaction = world.store.client(world.env).transaction()
    await declare_dead(transaction, "local")
    await transaction.commit()
    assert await outcome(node.ask("relay", "two append x")) == "moved"
    assert called(node) == []


async def test_ownership_is_checked_after_the_call_was_made(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    await node.get("read", key="two")
    stands = node.link.stand_after(0)
    asked = node.ask("relay", "two append x")
    await settle(50)
    assert node.runtime.reception.calls.waiting == 1, "the turn is in the middle of its call"
    assert called(node) == ["read"]
    node.link.reads_stand = None
    stands.set_result(None)
    assert await outcome(asked) == "x"


async def test_a_check_that_fails_is_made_again(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    await node.get("read", key="two")
    node.link.read_error = StoreReadFailed("not now")
    asked = node.ask("relay", "two append x")
    await asyncio.sleep(0.02)
    assert node.runtime.reception.calls.waiting == 1
    node.link.read_error = None
    assert await outcome(asked) == "x"
    assert node.component.made == 2, "no activation was given up"


async def test_a_check_that_fails_until_the_deadline_is_no_end_of_the_turn(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.read_error = StoreReadFailed("not now")
    reply = await node.get("relay", "two append x", deadline_ms=100)
    assert reply.startswith('["unavailable"')
    assert called(node) == []


async def test_a_commit_that_stands_keeps_no_call_beyond_its_deadline(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    node.link.hold()
    before = node.ask("append", "a")
    held = await node.link.held()
    asked = node.ask("relay", "two append x", deadline_ms=100)
    while not any(turn.operation == "relay" for turn in node.component.turns):
        await asyncio.sleep(0)
    while node.runtime.reception.calls.waiting:
        await asyncio.sleep(0.001)
    held.land()
    # It has gone on, and is answered like any turn behind that commit.
    assert await outcome(before) == "a"
    assert (await outcome(asked)).startswith(('["unavailable"', "outcome-unknown"))
    assert called(node) == []


async def test_what_the_turn_reads_stays_right_while_earlier_turns_are_committed(
    scripted: StartScripted,
) -> None:
    async def look(host: Host) -> Payload:
        seen = [told(await host.call("two", "read")).data]
        page = await host.list()
        seen += [key for key, _ in page.entries]
        value = await host.get(b"a")
        assert value == text("")
        assert host.state is not None
        return text(b"/".join([host.state.data, *seen]))

    node = await started(scripted, look=look)
    node.link.holding = True
    asked = [node.ask("log", "a")]
    first = await node.link.held()
    asked += [node.ask("log", "b"), node.ask("look"), node.ask("log", "c")]
    await settle(50)
    first.land()
    second = await node.link.held()
    await settle(50)
    second.land()
    node.link.release()
    assert [await outcome(each) for each in asked] == ["/", "a/a", "ab//a/b", "ab/ab"]


@pytest.mark.parametrize("fate", [unknown_but_landed])
async def test_a_caller_whose_commit_is_in_doubt_has_called_once(
    scripted: StartScripted, fate: object
) -> None:
    node = await started(scripted)
    node.link.fates.extend([lambda held: held.land(), fate])  # type: ignore[list-item]
    assert await node.get("relay", "two append x", id="r") == "x"
    assert await node.get("relay", "two append x", id="r") == "x"
    assert called(node) == ["append"]

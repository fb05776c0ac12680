"""Actors that call each other: what comes of it, and how often it is done."""

from __future__ import annotations

import asyncio
import json

import pytest

from kelpie.errors import (
    ActorFailed,
    ActorOutcomeUnknown,
    ActorRejected,
    ActorUnavailable,
    CallDiverged,
    GuestTrapped,
    KelpieError,
    StoreReadFailed,
)
from kelpie.ids import Payload, text
from kelpie.wasm.turn import Failure
from tests.runtime.conftest import StartScripted
from tests.runtime.link import Held, unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host, Script
from tests.runtime.scripts import Gate, append, failing, read
from tests.runtime.support import DEADLINE_MS, TestNode, outcome, settle


def told(answer: Payload | Failure) -> Payload:
    """What a call answered, as a reply."""
    if isinstance(answer, Payload):
        return answer
    return text(json.dumps([answer.case, answer.message, answer.code]))


async def relay(host: Host) -> Payload:
    """Calls `KEY OPERATION [ARGUMENT]`, appends to the state, and tells the answer."""
    key, operation, *argument = host.turn.argument.data.decode().split(" ", 2)
    answer = await host.call(key, operation, *argument)
    append(host)
    return told(answer)


SCRIPTS: dict[str, Script] = {"append": append, "read": read, "relay": relay}


async def started(scripted: StartScripted, **more: object) -> TestNode:
    scripts = {**SCRIPTS, **more.pop("scripts", {})}  # type: ignore[dict-item]
    return await scripted(scripts, read_only={"read"}, **more)


async def failure(node: TestNode, argument: str, **more: object) -> list[str]:
    """Case, message and code of what the actor `one` was told of its call."""
    answer: list[str] = json.loads(await node.get("relay", argument, **more))
    return answer


async def test_a_call_is_a_turn_of_the_other_actor(scripted: StartScripted) -> None:
    node = await started(scripted)
    assert await node.get("relay", "two append x") == "x"
    assert await node.get("relay", "two append y") == "xy"
    assert await node.get("read", key="two") == "xy"
    assert await node.get("relay", "two read") == "xy"
    _, called, *_ = node.component.turns
    assert called.caller.sort == "actor"
    assert called.caller.address == node.envelope("relay").target


@pytest.mark.parametrize(
    ("error", "case", "said", "code"),
    [
        (ActorRejected("no-funds", "not today"), "rejected", "not today", "no-funds"),
        (ActorFailed("a bug"), "failed", "a bug", ""),
        (GuestTrapped("the actor crashed"), "failed", "guest-trapped: the actor crashed", ""),
        (ActorUnavailable("later"), "unavailable", "later", ""),
        (ActorOutcomeUnknown("who knows"), "unknown", "who knows", ""),
    ],
)
async def test_the_caller_is_told_whose_fault_it_is(
    scripted: StartScripted, error: KelpieError, case: str, said: str, code: str
) -> None:
    node = await started(scripted, scripts={"fail": failing(error)})
    assert await failure(node, "two fail") == [case, said, code]
    # The caller went on, and its effects were kept.
    assert await node.get("read") == "two fail"
    assert await node.get("read", key="two") == ""


async def test_what_cannot_be_asked_fails_at_once(scripted: StartScripted) -> None:
    node = await started(scripted)

    async def elsewhere(host: Host) -> Payload:
        kind, key = host.turn.argument.data.decode().split(" ")
        return told(await host.call(key, "read", kind=kind))

    node.component.scripts["elsewhere"] = elsewhere
    answers = [json.loads(await node.get("elsewhere", f"{kind} two")) for kind in ("other", "BAD")]
    assert [case for case, *_ in answers] == ["failed", "failed"]
    assert "kind-not-found" in answers[0][1]
    assert "invalid-address" in answers[1][1]
    assert "invalid-request" in (await failure(node, "two "))[1]


async def test_a_request_asked_again_calls_once(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.fates.append(lambda held: held.land())  # the callee's commit
    node.link.fates.append(unknown_and_lost)  # the caller's
    first = await outcome(node.ask("relay", "two append x", id="r"))
    assert first in {"x", "commit-failed", "outcome-unknown"}
    assert await node.get("relay", "two append x", id="r") == "x"
    assert await node.get("read", key="two") == "x"


async def test_a_rejection_is_remembered_for_the_caller(scripted: StartScripted) -> None:
    asked = 0

    def reject_once(host: Host) -> Payload:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ActorRejected("no", "not yet")
        return text("yes")

    gate = Gate()

    async def call_and_fail(host: Host) -> Payload:
        answer = await host.call("two", "reject")
        if not gate.waiting:
            await gate.pass_through()
        return told(answer)

    node = await started(scripted, scripts={"reject": reject_once, "call": call_and_fail})
    first = node.ask("call", id="r", deadline_ms=50)
    assert await outcome(first) == "deadline-exceeded"
    gate.open()
    again = json.loads(await node.get("call", id="r"))
    assert again == ["rejected", "not yet", "no"]
    assert asked == 1


async def test_calls_of_one_turn_are_told_apart(scripted: StartScripted) -> None:
    async def thrice(host: Host) -> Payload:
        answers = [await host.call("two", "append", "x") for _ in range(3)]
        return told(answers[-1])

    node = await started(scripted, scripts={"thrice": thrice})
    assert await node.get("thrice", id="r") == "xxx"
    assert await node.get("thrice", id="s") == "xxxxxx"
    assert await node.get("thrice", id="s") == "xxxxxx"
    assert await node.get("read", key="two") == "xxxxxx"


async def test_the_same_id_of_other_callers_is_another_call(scripted: StartScripted) -> None:
    node = await started(scripted)
    for key, principal in (("one", "ann"), ("one", "bob"), ("three", "ann")):
        await node.get("relay", "two append x", id="r", key=key, principal=principal)
    assert await node.get("read", key="two") == "xxx"


async def test_a_key_names_a_call_wherever_it_is_in_the_turn(scripted: StartScripted) -> None:
    order = ["a", "b"]
    stop = Gate()

    async def both(host: Host) -> Payload:
        answers = {each: await host.call("two", "append", each, call_key=each) for each in order}
        unnamed = await host.call("two", "append", "c")
        if order == ["a", "b"]:
            await stop.pass_through()
        return text(b" ".join(told(answers[each]).data for each in "ab") + told(unnamed).data)

    node = await started(scripted, scripts={"both": both})
    assert await outcome(node.ask("both", id="r", deadline_ms=50)) == "deadline-exceeded"
    order.reverse()
    assert await node.get("both", id="r") == "a ababc"
    assert await node.get("read", key="two") == "abc"


async def test_a_turn_that_calls_something_else_the_second_time_ends(
    scripted: StartScripted,
) -> None:
    said = ["x", "y", "y"]
    stop = Gate()

    async def fickle(host: Host) -> Payload:
        answer = await host.call("two", "append", said.pop(0))
        await stop.pass_through()
        return told(answer)

    node = await started(scripted, scripts={"fickle": fickle})
    assert await outcome(node.ask("fickle", id="r", deadline_ms=50)) == "deadline-exceeded"
    for _ in range(2):
        with pytest.raises(CallDiverged, match="something else than before") as caught:
            await node.ask("fickle", id="r")
        assert not caught.value.retryable
    assert await node.get("read", key="two") == "x"


async def test_a_call_is_tried_again_until_it_is_through(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.fates.extend([unknown_and_lost, unknown_but_landed])
    assert await node.get("relay", "two append x") == "x"
    assert await node.get("read", key="two") == "x"


async def test_a_full_mailbox_is_waited_for(scripted: StartScripted) -> None:
    gate = Gate()
    node = await started(
        scripted, scripts={"stop": gate.script(append)}, mailbox_messages_max=1, call_retry_ms=1
    )
    running = node.ask("stop", "a", key="two")
    await settle()
    queued = node.ask("append", "b", key="two")
    asked = node.ask("relay", "two append c")
    await asyncio.sleep(0.02)
    assert not asked.done()
    gate.open()
    assert [await outcome(each) for each in (running, queued, asked)] == ["a", "ab", "abc"]


async def test_a_stuck_callee_times_out_and_the_caller_goes_on(scripted: StartScripted) -> None:
    gate = Gate()
    node = await started(scripted, scripts={"stop": gate.script(append)})
    case, message, _ = await failure(node, "two stop x", deadline_ms=100)
    assert case == "unavailable"
    assert "deadline-exceeded" in message
    assert await node.get("read") == "two stop x"
    assert gate.waiting == 0, "what it called was given up as well"


async def test_what_may_have_been_done_by_the_deadline_is_unknown(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = node.ask("relay", "two append x", deadline_ms=1000)
    held = await node.link.held()
    case, message, _ = json.loads((await asked).data)
    assert case == "unknown"
    assert "outcome-unknown" in message
    held.land()
    assert await node.get("read", key="two") == "x"


async def test_after_a_doubt_no_failure_is_believed(scripted: StartScripted) -> None:
    """The attempt that is in doubt may land after the one that failed."""
    asked = 0

    def once(host: Host) -> Payload:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise ActorFailed("a bug")
        return append(host)

    node = await started(scripted, scripts={"once": once}, commit_resolution_ms_max=1)

    def lose_sight(held: Held) -> None:
        held.lose()
        node.link.read_error = StoreReadFailed("not now")

    node.link.fates.append(lose_sight)
    request = node.ask("relay", "two once x")
    await asyncio.sleep(0.03)
    assert (asked, request.done()) == (1, False)
    node.link.read_error = None
    case, message, _ = json.loads((await request).data)
    assert asked == 2
    assert case == "unknown"
    assert "outcome-unknown" in message
    assert message.endswith("asked again, it was actor-failed: a bug")


async def test_calls_need_no_place_of_a_request(scripted: StartScripted) -> None:
    node = await started(scripted, waiting_messages_max=1)
    assert await node.get("relay", "two append x") == "x"


async def test_calls_beyond_those_that_may_wait_are_made_later(scripted: StartScripted) -> None:
    gate = Gate()
    node = await started(
        scripted, scripts={"stop": gate.script(append)}, calls_waiting_max=1, call_retry_ms=1
    )
    first = node.ask("relay", "two stop x")
    while not gate.waiting:
        await asyncio.sleep(0)
    second = node.ask("relay", "four append y", key="three")
    await asyncio.sleep(0.02)
    assert not second.done()
    assert node.runtime.reception.calls.waiting == 2
    gate.open()
    assert [await outcome(first), await outcome(second)] == ["x", "y"]


async def test_a_call_joins_the_one_that_its_turn_made_before(scripted: StartScripted) -> None:
    """The caller's turn died, and what it called for still runs."""
    node = await started(scripted)
    node.link.hold()
    first = node.ask("relay", "two append x", id="r")
    held = await node.link.held()
    node.env.ahead_ms += DEADLINE_MS
    assert await outcome(first) == "deadline-exceeded"
    again = node.ask("relay", "two append x", id="r")
    while not node.runtime.reception.calls.waiting:
        await asyncio.sleep(0)
    await settle()
    held.land()
    assert await outcome(again) == "x"
    assert [turn.operation for turn in node.component.turns] == ["relay", "append", "relay"]


async def test_a_caller_that_is_given_up_leaves_nothing_behind(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = node.ask("relay", "two append x")
    held = await node.link.held()
    assert node.runtime.reception.calls.waiting == 1
    node.env.ahead_ms += DEADLINE_MS
    assert await outcome(asked) == "deadline-exceeded"
    assert node.runtime.reception.calls.waiting == 0
    held.land()
    # What it asked for went on.
    assert await node.get("read", key="two") == "x"
    assert await node.get("relay", "two append y") == "xy"
    assert await node.get("read") == "two append y"


async def test_those_that_were_taken_on_may_call_while_the_host_drains(
    scripted: StartScripted,
) -> None:
    gate = Gate()

    async def wait_and_call(host: Host) -> Payload:
        await gate.pass_through()
        return told(await host.call("two", "append", "x"))

    node = await started(scripted, scripts={"wait": wait_and_call})
    asked = node.ask("wait")
    await settle()
    drained = asyncio.create_task(node.runtime.drain())
    await settle()
    assert await outcome(node.ask("read")) == "draining"
    gate.open()
    assert await outcome(asked) == "x"
    await drained


async def test_a_host_that_stops_waits_for_no_call(scripted: StartScripted) -> None:
    gate = Gate()
    node = await started(scripted, scripts={"stop": gate.script(append)}, drain_ms_max=20)
    asked = node.ask("relay", "two stop x")
    while not gate.waiting:
        await asyncio.sleep(0)
    await node.runtime.drain()
    assert await outcome(asked) == "draining"
    assert (node.runtime.reception.calls.waiting, node.runtime.outstanding) == (0, 0)
    assert not node.component.live


async def test_the_store_cannot_be_read_for_a_while(scripted: StartScripted) -> None:
    node = await started(scripted, call_retry_ms=1)
    await node.get("read")
    await node.get("read", key="two")
    node.link.read_error = StoreReadFailed("not now")
    asked = node.ask("relay", "two read")
    await asyncio.sleep(0.02)
    assert not asked.done()
    node.link.read_error = None
    assert await outcome(asked) == ""

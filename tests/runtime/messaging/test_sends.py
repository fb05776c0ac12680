"""One-way messages: kept by the sender's commit, delivered once, in order per pair."""

from __future__ import annotations

import asyncio
import json

import pytest

from kelpie.errors import ActorRejected, ActorUnavailable, GuestTrapped, StoreReadFailed
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.runtime.messaging.desk import ActorDesk
from kelpie.wasm.turn import Caller
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.messaging.scripts import SCRIPTS, rows, until
from tests.runtime.scripted import Host, ScriptedEngine
from tests.runtime.scripts import Gate, append, failing
from tests.runtime.support import TestNode, World, address, outcome

QUICK = {"letter_retry_ms_min": 1, "letter_retry_ms_max": 4, "outbox_count_ms_min": 1}
QUICK_LIMITS = Limits(**LIMITS, **QUICK)


async def send(node: TestNode, *letters: tuple[str, str, str], key: str = "a") -> list[object]:
    told: list[object] = await node.value("send", letters, key=key)
    return told


def empty(node: TestNode) -> bool:
    """Whether nothing is under way."""
    return not [each for each in rows(node.client.store) if each[0] == "pend" or each[4] == "out"]


async def test_a_message_is_a_turn_of_its_receiver(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await send(node, ("b", "append", "1")) == [None]
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "1"
    turn = next(each for each in node.component.turns if each.operation == "append")
    assert turn.caller == Caller("actor", "default/thing/a", address("a"))
    assert turn.request_id == "letter-0.1.0"


async def test_messages_of_a_pair_keep_their_order(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, **QUICK)
    digits = "0123456789"
    for digit in digits:
        await send(node, *[(key, "append", digit) for key in "bcb"])
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "".join(2 * digit for digit in digits)
    assert await node.get("read", key="c") == digits
    # One cursor a pair is all that stays.
    assert len(rows(node.client.store)) == 2


async def test_a_turn_that_fails_sends_nothing(scripted: StartScripted) -> None:
    async def send_and_fail(host: Host) -> Payload:
        await host.send("b", "append", "1")
        raise ActorRejected("no", "not today")

    node = await scripted({**SCRIPTS, "fail": send_and_fail})
    assert await outcome(node.ask("fail", key="a")) == "rejected"
    await send(node, ("b", "append", "2"))
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "2"


async def test_an_actor_sends_to_itself(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await send(node, ("a", "append", "1"))
    await until(lambda: empty(node))
    assert await node.get("read", key="a") == "1"


async def test_nothing_leaves_before_the_commit(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    node.link.hold()
    asked = node.ask("send", json.dumps([("b", "append", "1")]), key="a")
    held = await node.link.held()
    assert await node.get("read", key="b") == ""
    held.land()
    await asked
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "1"


@pytest.mark.parametrize("is_landed", [True, False])
async def test_a_commit_whose_result_is_unknown(scripted: StartScripted, is_landed: bool) -> None:
    node = await scripted(SCRIPTS, **QUICK)
    await node.get("read", key="a")
    node.link.fates.append(unknown_but_landed if is_landed else unknown_and_lost)
    await send(node, ("b", "append", "1"))
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "1"


async def test_what_was_delivered_and_not_cleared_is_delivered_once(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted(SCRIPTS, **QUICK)
    await send(node, ("b", "append", "0"))
    await until(lambda: empty(node))
    # The commits of sender and receiver land, and what clears the outbox does not.
    node.link.fates.extend([lambda held: held.land()] * 2)
    node.link.holding = True
    await send(node, ("b", "append", "1"))
    held = await node.link.held()
    node.link._held.append(held)
    assert not empty(node)
    other = await world.start(node.engine, QUICK_LIMITS)
    await until(lambda: empty(other))
    assert await other.get("read", key="b") == "01"
    turns = [each.request_id for each in node.component.turns if each.operation == "append"]
    assert turns == ["letter-0.1.0", "letter-0.2.0"]


async def test_a_restart_takes_up_what_is_pending(world: World) -> None:
    gate = Gate()
    engine = ScriptedEngine(thing={**SCRIPTS, "append": gate.script(append)})
    first = await world.start(engine, QUICK_LIMITS)
    await first.runtime.deploy("default", "thing", b"thing", determinism_check=False)
    await send(first, ("b", "append", "1"), ("c", "append", "2"))
    await send(first, ("b", "append", "3"), key="z")
    await until(lambda: gate.waiting == 2)
    # The second begins while turns of the first run: theirs never commit.
    second = await world.start(engine, QUICK_LIMITS)
    gate.open()
    await until(lambda: empty(second))
    assert sorted(await second.get("read", key="b")) == ["1", "3"]
    assert await second.get("read", key="c") == "2"


async def test_a_letter_that_the_receiver_cannot_take_yet_is_tried_again(
    scripted: StartScripted,
) -> None:
    failures = iter([True] * 5)

    def moody(host: Host) -> Payload:
        if host.turn.argument.data == b"1" and next(failures, False):
            raise ActorUnavailable("not now")
        return append(host)

    node = await scripted({**SCRIPTS, "append": moody}, **QUICK)
    await send(node, ("b", "append", "1"), ("b", "append", "2"), ("c", "append", "3"))
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "12"
    assert await node.get("read", key="c") == "3"


@pytest.mark.parametrize("error", [ActorRejected("no", "not today"), GuestTrapped("trap")])
async def test_a_letter_that_is_refused_is_dead(scripted: StartScripted, error: Exception) -> None:
    node = await scripted({**SCRIPTS, "refuse": failing(error)}, **QUICK)
    await send(node, ("b", "refuse", "1"), ("b", "append", "2"))
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "2"
    assert [each[4:] for each in rows(node.client.store)] == [
        ("cur", "default", "thing", "a"),
        ("dead", 1),
    ]
    # Its turn was run once, and kept nothing.
    assert [each.operation for each in node.component.turns].count("refuse") == 1


async def test_a_full_outbox_refuses(scripted: StartScripted) -> None:
    gate = Gate()
    scripts = {**SCRIPTS, "append": gate.script(append)}
    node = await scripted(scripts, outbox_letters_max=3, outbox_count_ms_min=1)
    letters = [("b", "append", str(digit)) for digit in range(5)]
    told = await send(node, *letters)
    assert told[:3] == [None] * 3
    assert all("wait to be delivered" in str(each) for each in told[3:])
    await asyncio.sleep(0.002)
    assert (await send(node, letters[4]))[0] is not None
    gate.open()
    await until(lambda: empty(node))
    await asyncio.sleep(0.002)
    assert await send(node, letters[4]) == [None]
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "0124"


async def test_a_message_to_a_kind_that_comes_later(world: World) -> None:
    engine = ScriptedEngine(thing=SCRIPTS, other=SCRIPTS)
    node = await world.start(engine, QUICK_LIMITS)

    async def to_other(host: Host) -> Payload:
        assert host.effects.outgoing is None
        await host.send("b", "append", "1")
        assert host.effects.outgoing is not None
        send = host.effects.outgoing.sends[0]
        host.effects.outgoing.sends[0] = send._replace(target=address("b", "other"))
        return text("ok")

    engine.components["thing"].scripts["to_other"] = to_other
    await node.runtime.deploy("default", "thing", b"thing", determinism_check=False)
    await node.get("to_other", key="a")
    await asyncio.sleep(0.02)
    assert not empty(node)
    await node.runtime.deploy("default", "other", b"other", determinism_check=False)
    await until(lambda: empty(node))
    assert await node.get("read", key="b", kind="other") == "1"


async def test_an_instance_forgets_a_turn_whose_messages_could_not_be_kept(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await scripted(SCRIPTS, **QUICK)
    await send(node, ("b", "append", "1"))
    await until(lambda: empty(node))
    leave = ActorDesk.leave

    async def fails(self: ActorDesk, *_: object) -> None:
        monkeypatch.setattr(ActorDesk, "leave", leave)
        raise StoreReadFailed("not now")

    monkeypatch.setattr(ActorDesk, "leave", fails)
    with pytest.raises(StoreReadFailed):
        await send(node, ("b", "append", "2"))
    made = node.component.made
    # What it remembers never was: the next turn has a fresh one.
    await send(node, ("b", "append", "3"))
    assert node.component.made == made + 1
    await until(lambda: empty(node))
    assert await node.get("read", key="b") == "13"

"""Delayed messages and reminders: durable, in their time, and once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kelpie.errors import ActorRejected, ActorUnavailable, KindInUse
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.runtime.telemetry.traces import REPLY, Span
from kelpie.store.memory import MemoryStore
from kelpie.store.tuples import unpack
from kelpie.wasm.schedule import Schedule, SetReminder
from kelpie.wasm.turn import Caller
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.messaging.scripts import SCRIPTS, rows, until
from tests.runtime.scripted import Host
from tests.runtime.scripts import failing
from tests.runtime.support import TestNode, World, outcome, settle

QUICK = {"letter_retry_ms_min": 1, "letter_retry_ms_max": 4, "due_poll_ms": 2}
HOUR_MS = 3_600_000


async def later(host: Host) -> Payload:
    key, delay_ms = json.loads(host.turn.argument.data)
    await host.send(key, "append", str(delay_ms), delay_ms=delay_ms)
    return text("null")


async def remind(host: Host) -> Payload:
    """Sets the reminders of the argument, by name: (sort, ms or expression, ...)."""
    for name, given in json.loads(host.turn.argument.data).items():
        asked = None
        if given is not None:
            sort, value, operation, missed = (*given, "append", "fire-once")[:4]
            if len(given) > 2:
                operation = given[2]
            if len(given) > 3:
                missed = given[3]
            when = {"expression": value, "zone": "UTC"} if sort == "cron" else {"ms": value}
            asked = SetReminder(Schedule(sort, **when), missed, operation, text(name))
        host.remind(name, asked)
    return text(json.dumps(sorted(await host.reminders())))


ALL = {**SCRIPTS, "later": later, "remind": remind}


def waiting(store: MemoryStore) -> list[tuple[Any, ...]]:
    """What is to happen later."""
    found = [unpack(key) for key, _ in store.pairs()]
    return [each for each in found if each[0] == "due" or each[4:5] in (("later",), ("rm",))]


async def pass_hours(node: TestNode, hours: float) -> None:
    node.env.wall_ahead_ms += int(hours * HOUR_MS)


async def test_a_delayed_message_is_sent_when_it_is_due(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("later", ["b", 2 * HOUR_MS], key="a")
    await node.value("later", ["b", HOUR_MS], key="a")
    await pass_hours(node, 0.5)
    await settle()
    assert await node.get("read", key="b") == ""
    assert not rows(node.client.store)
    await pass_hours(node, 1)
    await until(lambda: len(waiting(node.client.store)) == 2)
    await pass_hours(node, 1)
    await until(lambda: not waiting(node.client.store))
    await until(lambda: [each[4] for each in rows(node.client.store) if each[0] == "a"] == ["cur"])
    assert await node.get("read", key="b") == f"{HOUR_MS}{2 * HOUR_MS}"


async def send_later(node: TestNode, count: int) -> None:
    for _ in range(count):
        await node.value("later", ["b", HOUR_MS], key="a")


async def test_many_delayed_messages_leave_together(scripted: StartScripted) -> None:
    # Turn by turn they would fill the mailbox, and wait longer and longer.
    slow = {**QUICK, "letter_retry_ms_min": HOUR_MS, "letter_retry_ms_max": HOUR_MS}
    node = await scripted(ALL, **slow, mailbox_messages_max=2)
    await send_later(node, 30)
    await pass_hours(node, 1)
    await until_state(node, "b", str(HOUR_MS) * 30)
    assert not waiting(node.client.store)


async def test_they_leave_in_as_many_turns_as_their_bytes_need(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK, delayed_sent_at_once_bytes_max=1)
    await send_later(node, 5)
    await pass_hours(node, 1)
    await until_state(node, "b", str(HOUR_MS) * 5)
    assert not waiting(node.client.store)


async def test_a_damaged_one_does_not_hold_up_the_others(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await send_later(node, 5)
    store = node.client.store
    damaged = [k for k, _ in store.pairs() if unpack(k)[4:5] == ("later",)][2]
    store.overwrite(damaged, b"\x00" + (store.get(damaged, store.version()) or b""))
    await pass_hours(node, 1)
    await until(lambda: len(waiting(store)) == 2)
    await until(lambda: not len(node.runtime.mail.courier))
    assert await node.get("read", key="b") == str(HOUR_MS) * 4
    assert damaged in [k for k, _ in store.pairs()]


async def test_a_reminder_fires_once(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    assert await node.value("remind", {"soon": ["after-ms", HOUR_MS]}, key="a") == ["soon"]
    await pass_hours(node, 5)
    await until(lambda: not waiting(node.client.store))
    assert await node.get("read", key="a") == "soon"
    turn = next(each for each in node.component.turns if each.operation == "append")
    assert turn.caller == Caller("reminder", "soon")


@pytest.mark.parametrize("rows_at_once", [1, 3, 200])
async def test_what_is_due_of_many_actors_is_found_page_by_page(
    scripted: StartScripted, rows_at_once: int
) -> None:
    node = await scripted(ALL, **{**QUICK, "due_rows_at_once_max": rows_at_once})
    many = [str(number) for number in range(24)]
    for number, key in enumerate(many):
        due_in = {"now": ["after-ms", HOUR_MS], "later": ["after-ms", HOUR_MS * (2 + number % 3)]}
        await node.value("remind", due_in, key=key)
    await pass_hours(node, 1)
    for key in many:
        await until_state(node, key, "now")
    await pass_hours(node, 4)
    for key in many:
        await until_state(node, key, "nowlater")
    assert not waiting(node.client.store)


async def test_a_periodic_one_fires_once_for_all_that_it_missed(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS]}, key="a")
    for hours, fired in (0.5, ""), (1, "x"), (1, "xx"), (5, "xxx"), (-4, "xxx"), (5, "xxxx"):
        await pass_hours(node, hours)
        await until_state(node, "a", fired)
    assert len(waiting(node.client.store)) == 2


async def until_state(node: TestNode, key: str, state: str) -> None:
    """Waits until whatever is due is done, and this is the state."""
    mail = node.runtime.mail
    for _ in range(2):
        looks = mail.alarm.looks
        await until(lambda: mail.alarm.looks > looks + 1 and not len(mail.alarm))  # noqa: B023
        await until(lambda: not len(mail.courier))
    assert await node.get("read", key=key) == state


async def test_one_that_skips_what_it_missed(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"s": ["every-ms", HOUR_MS, "append", "skip"]}, key="a")
    await pass_hours(node, 1.001)
    await until_state(node, "a", "s")
    await pass_hours(node, 4.5)
    await until_state(node, "a", "s")
    # Its next time is set all the same.
    await pass_hours(node, 0.5)
    await until_state(node, "a", "ss")


async def test_it_is_replaced_and_cancelled_by_name(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS], "y": ["after-ms", 1]}, key="a")
    await until_state(node, "a", "y")
    assert await node.value("remind", {"x": ["after-ms", 2 * HOUR_MS]}, key="a") == ["x"]
    assert len(waiting(node.client.store)) == 2
    await pass_hours(node, 1.5)
    await until_state(node, "a", "y")
    assert await node.value("remind", {"x": None}, key="a") == []
    assert not waiting(node.client.store)
    await pass_hours(node, 1)
    await until_state(node, "a", "y")


async def test_a_turn_may_cancel_the_reminder_that_caused_it(scripted: StartScripted) -> None:
    def once(host: Host) -> Payload:
        host.remind("x", None)
        host.save(text("done"))
        return text("ok")

    node = await scripted({**ALL, "once": once}, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS, "once"]}, key="a")
    await pass_hours(node, 1)
    await until_state(node, "a", "done")
    assert not waiting(node.client.store)


async def test_a_reminder_outlives_its_node(world: World, scripted: StartScripted) -> None:
    first = await scripted(ALL, **QUICK)
    await first.value("remind", {"x": ["every-ms", HOUR_MS]}, key="a")
    await first.value("later", ["b", HOUR_MS], key="a")
    second = await world.start(first.engine, Limits(**{**LIMITS, **QUICK}))
    await pass_hours(second, 1)
    await until_state(second, "a", "x")
    await until_state(second, "b", str(HOUR_MS))


async def test_it_is_tried_again_until_the_actor_can(scripted: StartScripted) -> None:
    failures = iter([ActorUnavailable("not now")] * 4)

    def moody(host: Host) -> Payload:
        if (error := next(failures, None)) is not None:
            raise error
        return SCRIPTS["append"](host)  # type: ignore[return-value]

    node = await scripted({**ALL, "append": moody}, **QUICK)
    await node.value("remind", {"x": ["after-ms", 1]}, key="a")
    await until(lambda: not waiting(node.client.store))
    assert await node.get("read", key="a") == "x"


async def test_one_that_is_refused_has_had_its_turn(scripted: StartScripted) -> None:
    refuse = failing(ActorRejected("no", "not today"))
    node = await scripted({**ALL, "refuse": refuse}, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS, "refuse"]}, key="a")
    for count in 1, 2:
        await pass_hours(node, 1)
        refused = lambda: [t.operation for t in node.component.turns].count("refuse")  # noqa: E731
        await until(lambda: refused() == count)  # noqa: B023
    assert await node.get("read", key="a") == ""


async def test_deletion_cancels_reminders_and_keeps_messages(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS], "y": ["after-ms", HOUR_MS]}, key="a")
    await node.value("later", ["b", HOUR_MS], key="a")
    assert await outcome(node.delete(key="a")) == '{"deleted":false}'
    assert {each[-1] for each in waiting(node.client.store)}.isdisjoint({"x", "y"})
    await pass_hours(node, 1)
    await until_state(node, "b", str(HOUR_MS))
    assert await node.get("read", key="a") == ""


async def test_an_actor_with_a_damaged_reminder_can_be_deleted(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS], "y": ["every-ms", HOUR_MS]}, key="a")
    store = node.client.store
    (key,) = [k for k, _ in store.pairs() if unpack(k)[4:] == ("rm", "x")]
    store.overwrite(key, b"\x00" + (store.get(key, store.version()) or b""))
    assert await outcome(node.delete(key="a")) == '{"deleted":false}'
    assert [each[4:] for each in waiting(store) if each[0] == "a"] == []
    await pass_hours(node, 1)
    await until(lambda: not waiting(store))


@pytest.mark.parametrize("is_forced", [True, False])
async def test_a_kind_with_reminders_is_in_use(scripted: StartScripted, is_forced: bool) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("remind", {"x": ["every-ms", HOUR_MS]}, key="a")
    if not is_forced:
        with pytest.raises(KindInUse) as raised:
            await node.runtime.delete_kind("default", "thing")
        assert raised.value.details["with_reminders"] == 1
        return
    await node.runtime.delete_kind("default", "thing", force=True)
    await node.runtime.deploy("default", "thing", b"thing", determinism_check=False)
    await pass_hours(node, 1)
    await until(lambda: not waiting(node.client.store))
    assert await node.get("read", key="a") == ""


async def test_delayed_messages_go_with_their_kind(scripted: StartScripted) -> None:
    node = await scripted(ALL, **QUICK)
    await node.value("later", ["b", HOUR_MS], key="a")
    await node.runtime.delete_kind("default", "thing", force=True)
    await node.runtime.deploy("default", "thing", b"thing", determinism_check=False)
    await pass_hours(node, 1)
    await until(lambda: not waiting(node.client.store))
    assert await node.get("read", key="b") == ""


async def test_a_reminder_s_turns_are_in_the_trace_of_the_turn_that_set_it(
    scripted: StartScripted,
) -> None:
    node = await scripted(ALL, **QUICK)
    asked = node.envelope("remind", json.dumps({"again": ["every-ms", HOUR_MS]}), id="order-17")
    await node.runtime.invoke(asked)

    async def fired() -> list[Span]:
        # One that finds that another has fired has no turn.
        spans = await node.runtime.node.traces.find("order-17", "default")
        return [each for each in spans if each.outcome == REPLY and each.operation == "append"]

    for count in (1, 2):
        await pass_hours(node, 1)
        while len(await fired()) < count:
            await settle()
    assert {each.cause.sort for each in await fired()} == {"reminder"}
    # Each is below the turn that set it, not below the one before.
    assert {each.cause.span_id for each in await fired()} == {asked.span_id}

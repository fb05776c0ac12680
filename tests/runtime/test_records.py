"""Request records: what was asked twice is done once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kelpie.errors import ActorRejected, GuestTrapped, RequestRecordsFull
from kelpie.ids import Payload, text
from kelpie.runtime.commits.ownership import read_stored
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import request_digest
from kelpie.store.keyspace import ActorKeys
from kelpie.store.tuples import unpack
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, failing, put, read
from tests.runtime.support import TestNode, World, address, outcome, settle

SCRIPTS = {
    "append": append,
    "read": read,
    "put": put,
    "reject": failing(ActorRejected("no", "not today")),
    "fail": failing(GuestTrapped("it crashed")),
}


async def started(scripted: StartScripted, **limits: int) -> TestNode:
    return await scripted(SCRIPTS, read_only={"read"}, **limits)


def stored_records(node: TestNode) -> list[str]:
    """The ids of the records in the store."""
    keys = ActorKeys(address())
    prefix = keys.record("anonymous", "")[:-2]
    return [str(unpack(key)[-1]) for key, _ in node.client.store.pairs() if key.startswith(prefix)]


async def record_count(node: TestNode) -> int:
    transaction = node.client.store.client(node.env).transaction()
    return (await read_stored(transaction, ActorKeys(address())))[1].record_count


async def pass_ticks(node: TestNode, count: int) -> None:
    for _ in range(count):
        node.env.ahead_ms += node.limits.store_tick_ms + 1
        await node.runtime.node.tick.refresh()


async def test_asked_again_later_it_is_answered_from_its_record(scripted: StartScripted) -> None:
    node = await started(scripted)
    for _ in range(3):
        assert await node.get("append", "a", id="request") == "a"
    assert await node.get("read") == "a"
    assert stored_records(node) == ["request"]


@pytest.mark.parametrize("stage", ["queued", "running", "committing"])
async def test_a_duplicate_joins(scripted: StartScripted, stage: str) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    first = node.ask("slow", "x") if stage == "queued" else None
    node.link.hold() if stage == "committing" else None
    operation = "append" if stage == "committing" else "slow"
    asked = [node.ask(operation, "a", id="request") for _ in range(5)]
    await settle()
    turns = len(node.component.turns)
    assert turns == 1
    gate.open()
    if stage == "committing":
        (await node.link.held()).land()
    expected = "xa" if stage == "queued" else "a"
    assert [await outcome(each) for each in asked] == [expected] * 5
    if first is not None:
        assert await outcome(first) == "x"


async def test_those_who_joined_get_the_failure_and_may_ask_again(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    asked = [node.ask("fail", id="request") for _ in range(3)]
    assert [await outcome(each) for each in asked] == ["guest-trapped"] * 3
    assert len(node.component.turns) == 1
    # Nothing was recorded: asked again, it runs again.
    assert await outcome(node.ask("fail", id="request")) == "guest-trapped"
    assert len(node.component.turns) == 2
    assert stored_records(node) == []


async def test_a_rejection_is_recorded_and_repeated(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    for _ in range(3):
        with pytest.raises(ActorRejected, match="not today") as caught:
            await node.ask("reject", id="request")
        assert caught.value.rejection_code == "no"
    assert len(node.component.turns) == 1
    again = await world.start(node.engine, node.limits)
    with pytest.raises(ActorRejected, match="not today"):
        await again.ask("reject", id="request")
    assert len(node.component.turns) == 1
    # Its effects were not kept.
    assert await again.get("read") == ""


@pytest.mark.parametrize("stage", ["waiting", "done", "done before a restart"])
@pytest.mark.parametrize(
    ("operation", "argument"),
    [("append", "b"), ("put", "a"), ("append", Payload(False, b"a"))],
    ids=["another argument", "another operation", "binary for text"],
)
async def test_another_request_under_the_same_id_is_refused(
    scripted: StartScripted, world: World, stage: str, operation: str, argument: Any
) -> None:
    node = await started(scripted)
    node.link.hold() if stage == "waiting" else None
    asked = node.ask("append", "a", id="request")
    if stage != "waiting":
        await outcome(asked)
    await settle()
    if stage == "done before a restart":
        node = await world.start(node.engine, node.limits)
    assert await outcome(node.ask(operation, argument, id="request")) == "request-mismatch"
    node.link.release()
    await outcome(asked)
    assert await node.get("read") == "a"


async def test_principals_have_ids_of_their_own(scripted: StartScripted) -> None:
    node = await started(scripted)
    assert await node.get("append", "a", id="request", principal="alice") == "a"
    assert await node.get("append", "b", id="request", principal="bob") == "ab"
    assert await node.get("append", "b", id="request", principal="bob") == "ab"
    # Where one name ends and the other begins matters.
    assert await node.get("append", "c", id="trequest", principal="bo") == "abc"


async def test_actors_have_ids_of_their_own(scripted: StartScripted) -> None:
    node = await started(scripted)
    assert await node.get("append", "a", id="request", key="one") == "a"
    assert await node.get("append", "a", id="request", key="two") == "a"


async def test_records_survive_a_restart(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    await node.get("append", "a", id="request")
    again = await world.start(node.engine, node.limits)
    assert await again.get("append", "a", id="request") == "a"
    assert await again.get("read") == "a"


async def test_a_request_nobody_can_repeat_leaves_no_record(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    assert stored_records(node) == []


async def test_a_read_only_turn_leaves_no_record(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, read_only={"read", "reject"})
    await node.get("append", "a")
    before = node.client.store.pairs()
    assert await node.get("read", id="one") == "a"
    assert await outcome(node.ask("reject", id="two")) == "rejected"
    assert node.client.store.pairs() == before
    await node.get("append", "b")
    assert await node.get("read", id="one") == "ab"


async def test_large_replies_are_recorded(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    large = "x" * 300_000
    assert await node.get("append", large, id="request") == large
    again = await world.start(node.engine, node.limits)
    assert await again.get("append", large, id="request") == large


async def test_records_in_a_batch_all_count(scripted: StartScripted, world: World) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = [node.ask("append", "a", id=f"request-{n}") for n in range(30)]
    (await node.link.held()).land()
    replies = [await outcome(each) for each in asked]
    assert await record_count(node) == 30
    again = await world.start(node.engine, node.limits)
    assert [
        await outcome(again.ask("append", "a", id=f"request-{n}")) for n in range(30)
    ] == replies


async def test_none_is_cleared_before_its_time(scripted: StartScripted) -> None:
    node = await started(scripted, request_record_age_ticks_min=3)
    await node.get("append", "a", id="old")
    await pass_ticks(node, 3)
    for n in range(5):
        await node.get("append", "b", id=f"new-{n}")
    assert "old" in stored_records(node)
    assert await node.get("append", "a", id="old") == "a"


async def test_old_ones_are_cleared_by_later_commits(scripted: StartScripted) -> None:
    node = await started(scripted, request_record_age_ticks_min=3)
    for n in range(10):
        await node.get("append", "a", id=f"old-{n}")
    await pass_ticks(node, 20)
    for n in range(10):
        await node.get("append", "b", id=f"new-{n}")
    assert stored_records(node) == [f"new-{n}" for n in range(10)]
    assert await record_count(node) == 10
    # Long forgotten: it is done again.
    assert await node.get("append", "a", id="old-3") == "a" * 10 + "b" * 10 + "a"


async def test_a_large_row_of_records_is_cleared_in_parts(scripted: StartScripted) -> None:
    node = await started(scripted, request_record_age_ticks_min=3)
    node.link.hold()
    asked = [node.ask("append", "", id=f"old-{n:02}") for n in range(20)]
    (await node.link.held()).land()
    for each in asked:
        await outcome(each)
    await pass_ticks(node, 20)
    await node.get("append", "", id="new")
    left = await record_count(node)
    assert 1 < left < 20, "some at a time"
    assert len(stored_records(node)) == left
    for n in range(10):
        await node.get("append", "", id=f"new-{n}")
    assert stored_records(node) == ["new", *[f"new-{n}" for n in range(10)]]


async def test_clearing_fits_a_transaction_whatever_the_names(scripted: StartScripted) -> None:
    """Ids and keys of the greatest length, and of characters that take two
    bytes in a key; large values besides, so that chunks are cleared as well."""
    node = await started(scripted, request_record_age_ticks_min=3)
    key = "\0" * 2048
    await node.get("append", "x" * 100_000, key=key)
    await node.get("append", "y", key=key, id="first")
    for batch in range(3):
        node.link.hold()
        asked = [
            node.ask("put", "x", key=key, id=f"{batch}-{n:03}" + "\0" * 250) for n in range(400)
        ]
        (await node.link.held()).land()
        assert {await outcome(each) for each in asked} == {"ok"}
    await pass_ticks(node, 20)
    for n in range(30):
        assert await outcome(node.ask("put", "x", key=key, id=f"new-{n}")) == "ok"
    # And where many records are added at once, which clears many.
    asked = [node.ask("put", "x", key=key, id=f"more-{n}") for n in range(300)]
    assert {await outcome(each) for each in asked} == {"ok"}


async def test_the_names_of_one_commit_fit_a_value(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    ids = [f"{n:03}" + "x" * 253 for n in range(500)]
    asked = [node.ask("append", "", id=each, principal="y" * 256) for each in ids]
    (await node.link.held()).land()
    assert {await outcome(each) for each in asked} == {""}
    assert await record_count(node) == 500


async def test_full_of_young_records_it_answers_so_and_works_again_later(
    scripted: StartScripted,
) -> None:
    node = await started(scripted, request_records_max=5, request_record_age_ticks_min=3)
    for n in range(5):
        await node.get("append", "a", id=f"old-{n}")
    with pytest.raises(RequestRecordsFull) as caught:
        await node.ask("append", "b", id="one too many")
    assert caught.value.details["retry_after_ms"]
    # What leaves no record is still served, and so is what has one.
    assert await node.get("append", "b") == "aaaaab"
    assert await node.get("read") == "aaaaab"
    assert await node.get("read", id="reading") == "aaaaab"
    assert await node.get("append", "a", id="old-0") == "a"
    await pass_ticks(node, 10)
    for n in range(5):
        assert (await node.get("append", "c", id=f"new-{n}")).endswith("c")
    assert await record_count(node) == 5
    assert await outcome(node.ask("append", "d", id="again")) == "request-records-full"


async def test_the_bound_holds_when_many_come_at_once(scripted: StartScripted) -> None:
    node = await started(scripted, request_records_max=20, request_record_age_ticks_min=3)
    for n in range(20):
        await node.get("append", "a", id=f"old-{n}")
    await pass_ticks(node, 10)
    for wave in range(5):
        asked = [node.ask("append", "b", id=f"{wave}-{n}") for n in range(100)]
        await asyncio.gather(*(outcome(each) for each in asked))
        assert await record_count(node) <= 25
        assert len(stored_records(node)) == await record_count(node)


async def test_waiters_for_one_request_are_bounded(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append)}, request_waiters_max=3)
    asked = [node.ask("slow", "a", id="request") for _ in range(4)]
    assert await outcome(asked[3]) == "overloaded"
    # Whoever went away makes room.
    asked[0].cancel()
    await settle()
    late = node.ask("slow", "a", id="request")
    await settle()
    gate.open()
    assert [await outcome(each) for each in [*asked[1:3], late]] == ["a"] * 3


async def test_the_turn_knows_its_request(scripted: StartScripted) -> None:
    def who(host: Host) -> Payload:
        return text(f"{host.turn.request_id}/{host.turn.caller.name}")

    node = await scripted({"who": who})
    assert await node.get("who", id="request", principal="alice") == "request/alice"
    first, second = await node.get("who"), await node.get("who")
    assert first != second


def test_digests_tell_requests_apart() -> None:
    def digest(operation: str, argument: Payload, *, is_batch: bool = False) -> bytes:
        asked = Envelope(address(), operation, argument, "id", "me", True, 0, is_batch=is_batch)
        return request_digest(asked)

    digests = {
        digest("a", text("bc")),
        digest("ab", text("c")),
        digest("a", Payload(False, b"bc")),
        digest("\u00e9", text("x")),
        digest("", text("abc"), is_batch=True),
        digest("", text("abc\n"), is_batch=True),
    }
    assert len(digests) == 6

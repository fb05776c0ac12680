"""Deleting a kind: what is refused, what is cleared, and who may still commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kelpie.errors import KindInUse, KindNotFound, Moved, StoredValueCorrupt, StoreReadFailed
from kelpie.ids import Payload, text
from kelpie.runtime.kinds import deletion
from kelpie.store import keyspace
from kelpie.store.protocol import Transaction
from tests.runtime.conftest import StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, World, outcome, settle


def put(host: Host) -> Payload:
    host.set(b"key", text("x" * 200_000))
    return text("ok")


def clear(host: Host) -> Payload:
    host.save(None)
    return text("ok")


SCRIPTS = {"append": append, "read": read, "put": put, "clear": clear}
END = keyspace.kind_end("default", "thing")


def left(node: TestNode, kind: str = "thing") -> list[bytes]:
    """The keys of all that belongs to the kind."""
    ranges = keyspace.everything_of("default", kind)
    known = [keyspace.current_deploy("default", kind), keyspace.kind_remains("default", kind)]
    return [
        key
        for key, _ in node.client.store.pairs()
        if key in known or any(begin <= key < end for begin, end in ranges)
    ]


async def test_a_kind_that_holds_nothing(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, read_only={"read"})
    await node.get("read")
    # An actor that was used and holds nothing any more is no obstacle.
    await node.get("append", "a")
    await node.get("clear")
    assert await node.runtime.delete_kind("default", "thing") == 1
    assert left(node) == []
    assert node.runtime.kinds("default") == []
    assert await outcome(node.ask("read")) == "kind-not-found"
    with pytest.raises(KindNotFound):
        await node.runtime.delete_kind("default", "thing")
    assert node.runtime.active_actors == 0


@pytest.mark.parametrize(
    ("operation", "request_id", "what"),
    [("append", None, "with_state"), ("put", None, "with_kv"), ("clear", "id", "with_records")],
)
async def test_one_that_holds_something_is_kept(
    scripted: StartScripted, operation: str, request_id: str | None, what: str
) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a", key="other")
    await node.get("clear", key="other")
    await node.get(operation, "a", id=request_id)
    before = node.client.store.pairs()
    with pytest.raises(KindInUse) as caught:
        await node.runtime.delete_kind("default", "thing")
    details = caught.value.details
    counts = {name: details[name] for name in ("with_state", "with_kv", "with_records")}
    assert counts == {"with_state": 0, "with_kv": 0, "with_records": 0, what: 1}
    assert (details["actors"], details["more"]) == (2, False)
    assert node.client.store.pairs() == before
    assert node.component.made <= 2


async def test_old_records_keep_no_kind(scripted: StartScripted) -> None:
    """Also of an actor that commits nothing more, and so trims none of them."""
    node = await scripted(SCRIPTS, request_record_age_ticks_min=2)
    await node.get("clear", id="old")
    for tick in range(5):
        if tick:
            node.env.ahead_ms += node.limits.store_tick_ms + 1
            await node.runtime.node.tick.refresh()
        with pytest.raises(KindInUse):
            await node.runtime.delete_kind("default", "thing")
    node.env.ahead_ms += node.limits.store_tick_ms + 1
    await node.runtime.node.tick.refresh()
    assert await node.runtime.delete_kind("default", "thing") == 1


async def test_actors_deleted_before_it(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    await node.get("put")
    await node.delete()
    assert await node.runtime.delete_kind("default", "thing") == 1
    assert left(node) == []


async def test_counting_is_bounded(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, kind_actors_counted_max=3)
    for n in range(5):
        await node.get("append", "a", key=str(n))
        await node.get("clear", key=str(n))
    with pytest.raises(KindInUse) as caught:
        await node.runtime.delete_kind("default", "thing")
    assert (caught.value.details["actors"], caught.value.details["more"]) == (3, True)
    assert await node.runtime.delete_kind("default", "thing", force=True) == 5


async def test_by_force_everything_goes_and_nothing_else(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, rows_cleared_max=3)
    await node.runtime.deploy("default", "thin", b"thing")
    await node.runtime.deploy("other", "thing", b"thing")
    await node.get("append", "kept", kind="thin")
    kept = left(node, "thin")
    for n in range(7):
        await node.get("append", "a", key=str(n), id="id")
        await node.get("put", key=str(n))
    assert await node.runtime.delete_kind("default", "thing", force=True) == 7
    assert left(node) == []
    assert left(node, "thin") == kept
    assert await node.get("append", "!", kind="thin") == "kept!"
    assert node.runtime.kind("other", "thing").number == 1
    # A new life: empty actors, and numbers that go on.
    assert (await node.runtime.deploy("default", "thing", b"thing")).number == 2
    assert await node.get("append", "b", key="0", id="id") == "b"
    page, more = await node.runtime.history.page("default", "thing", None, 10)
    assert ([each.number for each in page], more) == ([2], False)


async def test_an_actor_of_two_nodes(world: World, scripted: StartScripted) -> None:
    """Another node's claim, committed or not, is over with the kind."""
    one = await scripted(SCRIPTS, read_only={"read"})
    two = await world.start(one.engine, one.limits, "two")
    await two.get("append", "a", key="written")
    assert await two.get("read", key="untouched") == ""
    await one.runtime.delete_kind("default", "thing", force=True)
    for key in ("written", "untouched"):
        assert await outcome(two.ask("append", "b", key=key)) == "moved"
        assert await outcome(two.ask("append", "b", key=key)) == "kind-not-found"
    assert left(one) == []


async def test_a_read_from_memory_is_not_answered_after_it(
    world: World, scripted: StartScripted
) -> None:
    one = await scripted(SCRIPTS, read_only={"read"})
    two = await world.start(one.engine, one.limits, "two")
    await two.get("append", "a")
    await one.runtime.delete_kind("default", "thing", force=True)
    assert await outcome(two.ask("read")) == "moved"


async def test_nobody_answers_from_what_is_half_cleared(
    world: World, scripted: StartScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keys(host: Host) -> Payload:
        page = await host.list()
        return text(str(len(page.entries)))

    def fill(host: Host) -> Payload:
        for n in range(10):
            host.set(b"%d" % n, text(""))
        return text("ok")

    one = await scripted({"keys": keys, "fill": fill}, read_only={"keys"}, rows_cleared_max=2)
    two = await world.start(one.engine, one.limits, "two")
    seen: list[str] = []
    original = deletion._clear_some

    async def clear_some(*given: object) -> bool:
        cleared = await original(*given)  # type: ignore[arg-type]
        seen.append(await outcome(two.ask("keys")))
        return cleared

    monkeypatch.setattr(deletion, "_clear_some", clear_some)
    await two.get("fill")
    assert await two.get("keys") == "10"
    await one.runtime.delete_kind("default", "thing", force=True)
    assert len(seen) > 5
    assert set(seen) == {"moved", "kind-not-found"}


async def test_a_turn_that_is_running(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    await node.get("append", "a")
    running = node.ask("slow", "b")
    waiting = node.ask("append", "c")
    await settle()
    await node.runtime.delete_kind("default", "thing", force=True)
    await node.runtime.deploy("default", "thing", b"thing")
    gate.open()
    assert await outcome(running) == "moved"
    # It ran on what the other one had left in memory.
    assert await outcome(waiting) == "moved"
    assert await node.get("append", "d") == "d"


async def test_a_commit_in_doubt_that_landed_and_was_cleared(scripted: StartScripted) -> None:
    """Its record is gone with the kind: nobody can say that it was not done."""
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b", id="id")
    held = await node.link.held()
    held.apply()
    await node.runtime.delete_kind("default", "thing", force=True)
    held.lose()
    assert await outcome(asked) == "outcome-unknown"
    assert left(node) == []


async def test_a_commit_on_its_way_that_comes_too_late(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b", id="id")
    held = await node.link.held()
    await node.runtime.delete_kind("default", "thing", force=True)
    held.land()
    assert await outcome(asked) == "moved"
    assert left(node) == []


@pytest.mark.parametrize("fate", [unknown_and_lost, unknown_but_landed])
async def test_an_end_in_doubt(scripted: StartScripted, fate: object) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    node.link.fates.extend([fate] * 4)  # type: ignore[list-item]
    await node.runtime.delete_kind("default", "thing", force=True)
    assert left(node) == []


async def test_what_is_written_meanwhile_is_seen(
    world: World, scripted: StartScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision that a kind holds nothing is as good as when it is committed."""
    node = await scripted(SCRIPTS)
    original = deletion._held

    async def held(transaction: Transaction, *more: object) -> object:
        found = await original(transaction, *more)  # type: ignore[arg-type]
        if not found.with_state:
            await node.get("append", "a")
        return found

    monkeypatch.setattr(deletion, "_held", held)
    with pytest.raises(KindInUse):
        await node.runtime.delete_kind("default", "thing")
    assert await node.get("append", "b") == "ab"


@pytest.mark.parametrize("steps", range(1, 8))
async def test_a_crash_in_the_middle(
    world: World, scripted: StartScripted, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    node = await scripted(SCRIPTS, rows_cleared_max=2)
    for n in range(5):
        await node.get("append", "a", key=str(n), id="id")
        await node.get("put", key=str(n))
    cleared = 0
    original = deletion._clear_some

    async def crash(*given: object) -> bool:
        nonlocal cleared
        cleared += 1
        if cleared == steps:
            raise StoreReadFailed("the disk is gone")
        return await original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(deletion, "_clear_some", crash)
    with pytest.raises(StoreReadFailed):
        await node.runtime.delete_kind("default", "thing", force=True)
    assert left(node)
    assert await outcome(node.ask("append", "b")) == "kind-not-found"
    if steps % 3 == 0:
        # Asked again.
        await node.runtime.delete_kind("default", "thing")
    elif steps % 3 == 1:
        # Another life of the host.
        again = await world.start(node.engine, node.limits)
        await settle(2000)
        assert again.runtime.kinds("default") == []
    else:
        # A new deploy waits for the end of it.
        assert (await node.runtime.deploy("default", "thing", b"thing")).number == 2
        assert await node.get("append", "b", key="0") == "b"
        return
    assert left(node) == []


async def test_who_comes_late_clears_nothing_of_the_new_life(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    await node.runtime.delete_kind("default", "thing", force=True)
    await node.runtime.deploy("default", "thing", b"thing")
    await node.get("append", "b")
    before = node.client.store.pairs()
    assert await deletion.clear_remains(node.runtime.node, "default", "thing") == 0
    ended = deletion._Ended("default", "thing", 1)
    for within in keyspace.everything_of("default", "thing"):
        assert not await deletion._clear_some(node.runtime.node, ended, within)
    assert await deletion._disown(node.runtime.node, ended) == 0
    assert node.client.store.pairs() == before


@pytest.mark.parametrize("at", ["_disown", "_clear_some", "finish"])
async def test_who_comes_late_ends_no_later_deletion(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Whoever clears what a deletion has left stands still until the kind is there again,
    and was deleted again: to take that for its own would leave all of it to the next life."""
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    goes_on, waits = asyncio.Event(), asyncio.Event()
    original = {name: getattr(deletion, name) for name in ("_disown", "_clear_some", "transact")}

    async def stand_still() -> None:
        if not waits.is_set():
            waits.set()
            await goes_on.wait()

    async def late(*given: Any) -> object:
        await stand_still()
        return await original[at](*given)

    async def late_at_the_end(env: Any, store: Any, limits: Any, work: Any, **how: Any) -> object:
        if work.__name__ == "finish":
            await stand_still()
        return await original["transact"](env, store, limits, work, **how)

    if at == "finish":
        monkeypatch.setattr(deletion, "transact", late_at_the_end)
    else:
        monkeypatch.setattr(deletion, at, late)
    first = asyncio.create_task(node.runtime.delete_kind("default", "thing", force=True))
    await waits.wait()
    await node.runtime.deploy("default", "thing", b"thing")
    await node.get("append", "b")
    ended: list[str] = []

    async def end_alone(*_given: object, **_how: object) -> int:
        ended.append("ended")
        return 0

    # The second one has ended the kind, and cleared nothing yet.
    with monkeypatch.context() as patch:
        patch.setattr("kelpie.runtime.kinds.deploys.clear_remains", end_alone)
        await node.runtime.delete_kind("default", "thing", force=True)
    assert ended
    goes_on.set()
    await first
    await node.runtime.deploy("default", "thing", b"thing")
    assert await node.get("append", "c") == "c"


async def test_the_end_changes_with_each_deletion(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    ends = []
    for _ in range(3):
        await node.runtime.delete_kind("default", "thing")
        ends.append(dict(node.client.store.pairs())[END])
        await node.runtime.deploy("default", "thing", b"thing")
    assert len(set(ends)) == 3
    assert node.runtime.kind("default", "thing").number == 4


async def test_deleting_and_deploying_at_once(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    results = await asyncio.gather(
        node.runtime.delete_kind("default", "thing", force=True),
        node.runtime.delete_kind("default", "thing", force=True),
        node.runtime.deploy("default", "thing", b"thing"),
        return_exceptions=True,
    )
    assert all(not isinstance(each, AssertionError) for each in results)
    known = [each.kind for each in node.runtime.kinds("default")]
    assert known == (["thing"] if keyspace.current_deploy("default", "thing") in left(node) else [])
    await node.runtime.deploy("default", "thing", b"thing")
    assert await outcome(node.ask("read")) == ""


async def test_a_claim_of_an_earlier_life_says_moved(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    activation = node.runtime._active.get(node.envelope("x").target)
    assert activation is not None
    assert activation._runner is not None
    claim = activation._runner.pipeline.claim
    await node.runtime.delete_kind("default", "thing", force=True)
    with pytest.raises(Moved, match="was deleted"):
        await claim.checked()


@pytest.mark.parametrize("what", ["component", "configuration", "at"])
async def test_what_was_cleared_while_it_was_read_is_not_called_damaged(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Only what is missing while the kind is there is."""
    node = await scripted(SCRIPTS)
    deploys = node.runtime._deploys

    async def missing(*_of: object) -> object:
        if deletes:
            await node.runtime.delete_kind("default", "thing", force=True)
        raise StoredValueCorrupt("it is missing")

    monkeypatch.setattr(deploys, what, missing)
    deletes = False
    assert await outcome(node.ask("append", "a")) == "stored-value-corrupt"
    deletes = True
    assert await outcome(node.ask("append", "a")) == "moved"
    assert await outcome(node.ask("append", "a")) == "kind-not-found"

"""Looking at actors: few reads whatever they hold, bounded pages, no guesses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kelpie.errors import StoredValueCorrupt, StoreReadFailed
from kelpie.ids import Payload, text
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys, left
from kelpie.store.memory import MemoryTransaction
from tests.runtime.conftest import StartScripted
from tests.runtime.link import ScriptedLink
from tests.runtime.scripted import Host, Script
from tests.runtime.support import TestNode, World


async def fill(host: Host) -> Payload:
    for number in range(json.loads(host.turn.argument.data)):
        host.set(b"%06d" % number, text("x"))
    return text("ok")


async def empty(host: Host) -> Payload:
    host.set(b"000000", None)
    return text("ok")


SCRIPTS: dict[str, Script] = {"fill": fill, "empty": empty}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each range read of the store returned."""
    original = MemoryTransaction.read_stored_range
    rows: list[int] = []

    async def read(self: MemoryTransaction, *arguments: Any) -> Any:
        found = await original(self, *arguments)
        rows.append(len(found))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(MemoryTransaction, "read_stored_range", read)
        yield rows


async def page(node: TestNode, **given: Any) -> tuple[list[str], str | None]:
    target = node.envelope("x").target
    asked = {"prefix": "", "after": None, "limit": 100, **given}
    found = await node.runtime.actors.page(target.namespace, target.kind, **asked)
    return [each.address.key for each in found.actors], found.after


async def test_an_actor_with_much_costs_no_more(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await scripted(SCRIPTS)
    await node.get("fill", "1", key="a")
    await node.get("fill", "1", key="b")
    with counted(monkeypatch) as before:
        assert await page(node) == (["a", "b"], None)
    await node.get("fill", "5000", key="a")
    with counted(monkeypatch) as after:
        assert await page(node) == (["a", "b"], None)
    assert after == before
    assert max(after) == 1


async def test_those_that_hold_nothing_are_passed_over(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, actor_page_examined_max=3)
    for key in "abcdefgh":
        await node.get("fill", "1", key=key)
    for key in "abcdeh":
        await node.get("empty", key=key)
    # A page looks at so many, and says where to go on.
    assert await page(node) == ([], "c")
    assert await page(node, after="c") == (["f"], "f")
    assert await page(node, after="f") == (["g"], None)
    assert await page(node, after="c", limit=1) == (["f"], "f")


async def test_a_page_is_bounded_in_bytes(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, actor_page_bytes_max=100)
    keys = [f"{number}" * 60 for number in range(5)]
    for key in keys:
        await node.get("fill", "1", key=key)
    assert await page(node) == (keys[:2], keys[1])
    assert await page(node, after=keys[3]) == (keys[4:], None)


async def test_what_cannot_be_read_is_not_empty(
    scripted: StartScripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await scripted(SCRIPTS)
    await node.get("fill", "1")
    target = node.envelope("x").target

    async def fail(*_: Any) -> Any:
        raise StoreReadFailed("the disk is gone")

    monkeypatch.setattr(ScriptedLink, "read", fail)
    views = node.runtime.actors
    for look in (
        page(node),
        views.show(target),
        views.state(target),
        views.kv_entry(target, "000000"),
        views.kv_page(target, "", None, 10),
    ):
        with pytest.raises(StoreReadFailed):
            await look


async def test_damage_is_named(scripted: StartScripted, world: World) -> None:
    node = await scripted(SCRIPTS)
    await node.get("fill", "1")
    target = node.envelope("x").target
    keys = ActorKeys(target)
    transaction = world.store.client(world.env).transaction()
    transaction.set(keys.state, b"not what was written")
    transaction.set(KvKeys(keys.prefix, 0).entry(b"000000"), b"nor this")
    await transaction.commit()
    views = node.runtime.actors
    for look in (
        views.state(target),
        views.kv_entry(target, "000000"),
        views.kv_page(target, "", None, 10),
    ):
        with pytest.raises(StoredValueCorrupt):
            await look


async def test_what_is_not_durable_is_not_seen(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    node.link.hold()
    asked = node.ask("fill", "1")
    commit = await node.link.held()
    assert await page(node) == ([], None)
    commit.land()
    await asked
    assert await page(node) == (["one"], None)


@pytest.mark.parametrize("which", ["own", "seq"])
async def test_one_that_is_damaged_hides_no_other(
    scripted: StartScripted, world: World, which: str
) -> None:
    node = await scripted(SCRIPTS)
    for key in ("one", "two"):
        await node.get("fill", "1", key=key)
    target = node.envelope("x", key="one").target
    key = getattr(ActorKeys(target), which)
    transaction = world.store.client(world.env).transaction()
    transaction.set(key, b"not what was written")
    await transaction.commit()
    found = await node.runtime.actors.page(target.namespace, target.kind, "", None, 100)
    assert [(each.address.key, each.turns) for each in found.actors] == [("one", 0), ("two", 1)]
    told = found.actors[0].last_error
    assert told is not None
    assert told.startswith("stored-value-corrupt: ")
    assert "--force" in told
    # Asked for by itself it is an error.
    with pytest.raises(StoredValueCorrupt):
        await node.runtime.actors.show(target)


@pytest.mark.parametrize("generation", [0, 3])
async def test_what_it_holds_can_be_read_where_its_sequence_is_damaged(
    scripted: StartScripted, world: World, generation: int
) -> None:
    node = await scripted(SCRIPTS)
    await node.get("fill", "2")
    target = node.envelope("x").target
    keys, views = ActorKeys(target), node.runtime.actors
    before, now = KvKeys(keys.prefix, 0), KvKeys(keys.prefix, generation)
    transaction = world.store.client(world.env).transaction()
    for number in range(2):
        entry = b"%06d" % number
        stored = await transaction.get(before.entry(entry))
        assert stored is not None
        transaction.clear(before.entry(entry))
        key = now.entry(entry)
        transaction.set(key, frame(key, unframe(before.entry(entry), stored)))
    transaction.set(keys.seq, b"not what was written")
    await transaction.commit()
    assert await views.state(target) is None
    assert await views.kv_entry(target, "000001") == text("x")
    found = await views.kv_page(target, "", None, 10)
    assert [key for key, _ in found.entries] == [b"000000", b"000001"]
    # Where entries of before a deletion may be among them nobody guesses.
    transaction = world.store.client(world.env).transaction()
    transaction.set(left(target), frame(left(target), b""))
    await transaction.commit()
    with pytest.raises(StoredValueCorrupt, match=r"before a deletion .* its state can be read"):
        await views.kv_page(target, "", None, 10)

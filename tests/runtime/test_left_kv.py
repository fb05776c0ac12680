"""A deleted actor with much in kv: it begins anew at once, and what it left is cleared
a little at a time, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.errors import KindInUse, StoredValueCorrupt, StoreReadFailed
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.runtime.commits.left_kv import LeftKv
from kelpie.runtime.commits.ownership import read_stored
from kelpie.store import kv_keys
from kelpie.store.clearing import clear_some
from kelpie.store.keyspace import ActorKeys, chunks_of
from kelpie.store.kv_keys import KvKeys
from kelpie.store.memory import MemoryStore
from kelpie.store.reading import reading
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host, Script, ScriptedEngine
from tests.runtime.scripts import append
from tests.runtime.support import TestNode, World, address, outcome, settle

GONE = '{"deleted":true}'
ACTOR = ActorKeys(address())
FEW = 3


def fill(host: Host) -> Payload:
    """Writes as many entries as the argument says, with the turn's number."""
    for number in range(int(host.turn.argument.data)):
        host.set(f"{number:04}".encode(), text(str(host.turn.number)))
    return text("ok")


def fill_large(host: Host) -> Payload:
    for number in range(int(host.turn.argument.data)):
        host.set(f"{number:04}".encode(), text("x" * 250_000))
    return text("ok")


async def keys(host: Host) -> Payload:
    page = await host.list()
    return text(json.dumps([key.decode() for key, _ in page.entries]))


async def get(host: Host) -> Payload:
    found = await host.get(host.turn.argument.data)
    return found or text("none")


SCRIPTS: dict[str, Script] = {
    "append": append,
    "fill": fill,
    "fill_large": fill_large,
    "keys": keys,
    "get": get,
}
Start = Callable[..., Awaitable[TestNode]]


def rows(store: MemoryStore, generation: int) -> int:
    """How many entries and chunks of entries are stored of a generation."""
    kv = KvKeys(ACTOR.prefix, generation)
    ranges = (kv.range(), kv.chunks())
    found = [key for key, _ in store.pairs()]
    return sum(begin <= key < end for key in found for begin, end in ranges)


def is_left(store: MemoryStore) -> bool:
    return kv_keys.left(address()) in dict(store.pairs())


async def cleared(node: TestNode) -> None:
    """Waits until nothing is left to be cleared."""
    while is_left(node.client.store):
        await node.env.sleep(1)


@pytest.fixture
def nobody_clears(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """As if every host died right behind the commit of a deletion; until it is called."""

    async def run(_self: LeftKv) -> None:
        pass

    with_clearing = LeftKv.run
    monkeypatch.setattr(LeftKv, "run", run)
    return lambda: monkeypatch.setattr(LeftKv, "run", with_clearing)


@pytest.fixture
def start(scripted: StartScripted) -> Start:
    async def start(**limits: int) -> TestNode:
        return await scripted(SCRIPTS, rows_cleared_max=FEW, **limits)

    return start


async def test_little_goes_with_the_deletion(start: Start) -> None:
    node = await start()
    await node.get("fill", str(FEW))
    assert await outcome(node.delete()) == GONE
    assert rows(node.client.store, 0) == 0
    assert not is_left(node.client.store)
    await node.get("fill", "1")
    assert rows(node.client.store, 0) == 1


@pytest.mark.usefixtures("nobody_clears")
async def test_much_is_left_for_later(start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    assert await outcome(node.delete()) == GONE
    assert rows(node.client.store, 0) == 20
    assert is_left(node.client.store)
    assert json.loads(await node.get("keys")) == []
    assert await node.get("get", "0001") == "none"
    await node.get("fill", "2")
    assert json.loads(await node.get("keys")) == ["0000", "0001"]
    assert await node.get("get", "0003") == "none"
    assert (rows(node.client.store, 0), rows(node.client.store, 1)) == (20, 2)
    views = node.runtime.actors
    assert [key for key, _ in (await views.kv_page(address(), "", None, 10)).entries] == [
        b"0000",
        b"0001",
    ]
    assert await views.kv_entry(address(), "0003") is None
    assert await views.kv_entry(address(), "0001") is not None


async def test_it_is_cleared_by_and_by(start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    before = node.link.commits
    assert await outcome(node.delete()) == GONE
    await cleared(node)
    assert rows(node.client.store, 0) == 0
    # The deletion, twenty rows by three, and the row of the index.
    assert node.link.commits == before + 1 + 7 + 1
    await node.get("fill", "2")
    assert rows(node.client.store, 1) == 2


async def test_large_values_count_by_their_size(start: Start) -> None:
    node = await start(turn_write_bytes_max=8_000_000)
    for _ in range(2):
        # Each has three chunks of less than 100 KB: nine rows, and as many as are cleared.
        await node.get("fill_large", "3")
        assert await outcome(node.delete()) == GONE
        await cleared(node)
    with reading(node.client) as transaction:
        assert (await read_stored(transaction, ACTOR))[1].kv_generation == 2
    begin, end = chunks_of(ACTOR.prefix) + b"\0", chunks_of(ACTOR.prefix) + b"\xff"
    assert not [key for key, _ in node.client.store.pairs() if begin <= key < end]


async def test_after_a_crash_the_next_host_clears(
    world: World, start: Start, nobody_clears: Callable[[], None]
) -> None:
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    await node.get("fill", "2")
    nobody_clears()
    node = await world.start(node.engine, node.limits)
    await cleared(node)
    assert (rows(world.store, 0), rows(world.store, 1)) == (0, 2)
    assert json.loads(await node.get("keys")) == ["0000", "0001"]


@pytest.mark.usefixtures("nobody_clears")
async def test_an_interrupted_clearing_is_gone_on_with(world: World, start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    clearing = LeftKv(node.runtime.node)
    assert await clearing._clear_some(ACTOR)
    assert rows(world.store, 0) == 20 - FEW
    await LeftKv(node.runtime.node)._clear_all()
    assert rows(world.store, 0) == 0
    assert not is_left(world.store)


@pytest.mark.usefixtures("nobody_clears")
async def test_deleted_again_while_it_is_cleared(world: World, start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    clearing = LeftKv(node.runtime.node)
    await clearing._clear_some(ACTOR)
    await node.get("fill", "10")
    assert await outcome(node.delete()) == GONE
    await node.get("fill", "5")
    assert [rows(world.store, n) for n in range(3)] == [20 - FEW, 10, 5]
    await clearing._clear_all()
    assert [rows(world.store, n) for n in range(3)] == [0, 0, 5]
    assert len(json.loads(await node.get("keys"))) == 5


@pytest.mark.usefixtures("nobody_clears")
async def test_a_clearing_meets_the_next_deletion(world: World, start: Start) -> None:
    """It was about to find that all is cleared, when more was left."""
    node = await start()
    await node.get("fill", "4")
    await outcome(node.delete())
    clearing = LeftKv(node.runtime.node)
    await clearing._clear_some(ACTOR)
    await clearing._clear_some(ACTOR)
    await node.get("fill", "4")
    node.link.hold()
    late = node.env.spawn(clearing._clear_some(ACTOR), "clearing")
    held = await node.link.held()
    node.link.holding = False
    await outcome(node.delete())
    held.land()
    # It met a conflict, looked again, and cleared some.
    assert await late
    await clearing._clear_all()
    assert rows(world.store, 1) == 0


@pytest.mark.parametrize("fate", [unknown_but_landed, unknown_and_lost])
async def test_a_deletion_in_doubt(start: Start, fate: Any) -> None:
    node = await start()
    await node.get("fill", "20")
    node.link.fates.append(fate)
    assert await outcome(node.delete()) == GONE
    assert json.loads(await node.get("keys")) == []
    await cleared(node)
    assert rows(node.client.store, 0) == 0


@pytest.mark.usefixtures("nobody_clears")
async def test_another_node_takes_over(world: World, start: Start) -> None:
    one = await start()
    await one.get("fill", "20")
    await outcome(one.delete())
    await one.get("fill", "2")
    two = await world.start(one.engine, one.limits)
    assert json.loads(await two.get("keys")) == ["0000", "0001"]
    # What the first one clears late does no harm.
    await LeftKv(one.runtime.node)._clear_all()
    assert (rows(world.store, 0), rows(world.store, 1)) == (0, 2)


@pytest.mark.usefixtures("nobody_clears")
async def test_turns_behind_it_in_flight_see_nothing_of_it(start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    node.link.hold()
    deleting = node.delete()
    held = await node.link.held()
    behind = [node.ask("keys"), node.ask("get", "0001"), node.ask("fill", "1"), node.ask("keys")]
    await settle()
    assert not any(each.done() for each in behind)
    node.link.holding = False
    held.land()
    assert await outcome(deleting) == GONE
    assert [await outcome(each) for each in behind] == ["[]", "none", "ok", '["0000"]']
    assert json.loads(await node.get("keys")) == ["0000"]


@pytest.mark.usefixtures("nobody_clears")
async def test_when_its_commit_fails_all_is_still_there(start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    node.link.hold()
    deleting = node.delete()
    (await node.link.held()).fail(StoreReadFailed("gone"))
    node.link.holding = False
    assert await outcome(deleting) == "commit-failed"
    assert len(json.loads(await node.get("keys"))) == 20
    assert not is_left(node.client.store)


@pytest.mark.usefixtures("nobody_clears")
async def test_it_is_not_listed_while_it_is_cleared(start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    page = await node.runtime.actors.page("default", "thing", "", None, 10)
    assert page.actors == []
    await node.get("fill", "1")
    page = await node.runtime.actors.page("default", "thing", "", None, 10)
    assert [each.address for each in page.actors] == [address()]


@pytest.mark.usefixtures("nobody_clears")
async def test_what_is_left_does_not_keep_its_kind(world: World, start: Start) -> None:
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    await node.get("fill", "1")
    with pytest.raises(KindInUse, match="1 with kv"):
        await node.runtime.delete_kind("default", "thing")
    await outcome(node.delete())
    await node.runtime.delete_kind("default", "thing")
    assert not [key for key, _ in world.store.pairs() if key.startswith(ACTOR.prefix)]
    assert not is_left(world.store)


@pytest.mark.usefixtures("nobody_clears")
async def test_a_late_clearing_takes_nothing_of_a_new_kind(world: World, start: Start) -> None:
    """Its actors begin with the first generation again."""
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    # An attempt that has read all it needs, and lands when the kind is there anew.
    late = node.client.transaction()
    assert await late.get(kv_keys.left(address())) is not None
    assert await clear_some(late, KvKeys(ACTOR.prefix, 1).before()[0], node.limits)
    await node.runtime.delete_kind("default", "thing", force=True)
    await node.runtime.deploy("default", "thing", b"thing")
    await node.get("fill", "4")
    with pytest.raises(Exception, match="another transaction"):
        await late.commit()
    assert rows(world.store, 0) == 4


@pytest.mark.usefixtures("nobody_clears")
async def test_a_kind_is_not_deleted_past_a_first_entry(start: Start) -> None:
    """An actor that begins to hold something meanwhile is met, in whatever generation."""
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    node.link.hold()
    ending = node.env.spawn(node.runtime.delete_kind("default", "thing"), "delete")
    held = await node.link.held()
    node.link.holding = False
    await node.get("fill", "1")
    held.land()
    with pytest.raises(KindInUse, match="1 with kv"):
        await ending


@pytest.mark.usefixtures("nobody_clears")
async def test_damage_of_how_far_it_came(world: World, start: Start) -> None:
    """Nobody can tell what is over from what is not, and nobody guesses."""
    node = await start()
    await node.get("fill", "20")
    await outcome(node.delete())
    await node.get("fill", "5")
    transaction = world.store.client(world.env).transaction()
    transaction.set(ACTOR.seq, b"not what was written")
    await transaction.commit()
    node = await world.start(node.engine, node.limits)
    with pytest.raises(StoredValueCorrupt):
        await node.runtime.actors.kv_page(address(), "", None, 10)
    page = await node.runtime.actors.page("default", "thing", "", None, 10)
    assert "stored-value-corrupt" in str(page.actors[0].last_error)
    with pytest.raises(KindInUse, match="1 with kv"):
        await node.runtime.delete_kind("default", "thing")
    # It stays; it does not stop the clearing of others.
    clearing = LeftKv(node.runtime.node)
    await clearing._clear_all()
    assert (rows(world.store, 0), rows(world.store, 1)) == (20, 5)
    assert await node.runtime.mend_by_force(address())
    assert json.loads(await node.get("keys")) == []
    await clearing._clear_all()
    assert (rows(world.store, 0), rows(world.store, 1)) == (0, 0)


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "keys", "delete", "clear", "crash", "hold", "land"]),
        st.integers(0, 6),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
async def test_any_turns_around_deletions_and_clearings(steps: list[Step]) -> None:
    """Against a number: how many entries there are."""
    world = World()
    engine = ScriptedEngine(thing=SCRIPTS)
    limits = Limits(**{**LIMITS, "commit_turns_max": 2, "rows_cleared_max": 2})
    node = await world.start(engine, limits)
    await node.runtime.deploy("default", "thing", b"thing")
    count = 0
    asked, expected = [], []
    for what, number in steps:
        if what == "fill":
            asked.append(node.ask("fill", str(number)))
            expected.append("ok")
            count = max(count, number)
        elif what == "delete":
            asked.append(node.delete())
            expected.append(GONE if count else '{"deleted":false}')
            count = 0
        elif what == "hold":
            node.link.holding = True
        else:
            node.link.release()
            for each, right in zip(asked, expected, strict=True):
                assert await outcome(each) == right
            asked, expected = [], []
            if what == "clear":
                await cleared(node)
            elif what == "crash":
                node = await world.start(engine, limits)
            elif what == "keys":
                assert len(json.loads(await node.get("keys"))) == count
        await settle(3)
    node.link.release()
    for each, right in zip(asked, expected, strict=True):
        assert await outcome(each) == right
    assert len(json.loads(await node.get("keys"))) == count
    await cleared(node)
    kv = [key for key, _ in world.store.pairs() if _is_kv(key)]
    assert len(kv) == count
    await world.close()
    assert world.faults == []


def _is_kv(key: bytes) -> bool:
    begin, end = KvKeys(ACTOR.prefix, 0).all_generations()
    return begin <= key < end

"""Deleting one actor: a turn in its order, durable before it is answered, done once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.errors import ActorRejected, StoreReadFailed
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.store.memory import MemoryStore
from kelpie.store.protocol import Transaction
from kelpie.store.tuples import pack, unpack
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host, Script, ScriptedEngine
from tests.runtime.scripts import Gate, append, failing, log, read
from tests.runtime.support import World, address, outcome, settle

GONE = '{"deleted":true}'
NOTHING = '{"deleted":false}'


def large(host: Host) -> Payload:
    host.save(text("s" * 200_000))
    host.set(b"large", text("x" * 200_000))
    return text("ok")


def away(host: Host) -> Payload:
    """Puts everything away by itself."""
    host.save(None)
    host.set(host.turn.argument.data, None)
    return text("ok")


def remember(host: Host) -> Payload:
    """Counts in memory alone."""
    count = host.guest.memory["count"] = int(str(host.guest.memory.get("count", 0))) + 1
    return text(str(count))


SCRIPTS: dict[str, Script] = {
    "append": append,
    "read": read,
    "log": log,
    "large": large,
    "away": away,
    "remember": remember,
    "reject": failing(ActorRejected("no", "not today")),
}


def families(store: MemoryStore) -> set[str]:
    """Which families of keys are stored of the actor; `c` for chunks."""
    keys = ActorKeys(address())
    found = {str(unpack(key)[4]) for key, _ in store.pairs() if key.startswith(keys.prefix)}
    begin, end = keys.chunks()
    return found | {"c" for key, _ in store.pairs() if begin <= key < end}


async def test_it_begins_anew(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    await node.get("log", "b")
    await node.get("remember")
    assert await outcome(node.delete()) == GONE
    assert families(node.client.store) == {"own", "seq"}
    assert await node.get("remember") == "1"
    assert await node.get("log", "c") == "/"
    shown = await node.runtime.actors.show(address())
    # It is the same actor: its turns go on counting, and the deletion was one.
    assert (shown.turns, shown.epoch) == (4, 1)


async def test_chunks_go_too(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("large", id="request")
    assert families(node.client.store) == {"own", "seq", "st", "kv", "rq", "rqt", "c"}
    assert await outcome(node.delete()) == GONE
    assert families(node.client.store) == {"own", "seq", "rq", "rqt"}


async def test_one_that_was_never_used(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await outcome(node.delete()) == NOTHING
    # Without an id there is nothing to keep: it leaves no trace.
    assert families(node.client.store) == set()
    assert await outcome(node.delete(kind="other")) == "kind-not-found"


async def test_one_that_put_everything_away(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    await node.get("away", "a")
    assert await outcome(node.delete()) == NOTHING


async def test_it_needs_no_component(scripted: StartScripted) -> None:
    """Nor is its memory asked: a kind that cannot be run can be tidied up."""
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    node.runtime.drop_instances()
    node.component.start_error = ActorRejected("broken", "it does not start")
    assert await outcome(node.ask("read")) == "rejected"
    assert await outcome(node.delete()) == GONE


async def test_damage_in_kv_does_not_keep_it(world: World, scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    await node.get("away", "b")
    transaction = world.store.client(world.env).transaction()
    transaction.set(KvKeys(ActorKeys(address()).prefix, 0).entry(b"a"), b"not what was written")
    await transaction.commit()
    assert await outcome(node.ask("log", "c")) == "stored-value-corrupt"
    assert await outcome(node.delete()) == GONE
    assert await node.get("log", "c") == "/"


@pytest.mark.parametrize("how", ["flipped", "chunk"])
async def test_damage_in_state_does_not_keep_it(
    world: World, scripted: StartScripted, how: str
) -> None:
    """Nothing else is done to such an actor, nor is its state taken for empty."""
    node = await scripted(SCRIPTS)
    await node.get("large", id="old")
    keys = ActorKeys(address())
    damaged = keys.state if how == "flipped" else keys.chunks()[0]
    first = next(key for key, _ in world.store.pairs() if key >= damaged)
    transaction = world.store.client(world.env).transaction()
    transaction.set(first, b"not what was written")
    await transaction.commit()
    # Another incarnation, which has to read it.
    node = await world.start(node.engine, node.limits)
    assert await outcome(node.ask("log", "c")) == "stored-value-corrupt"
    # What was done before is known still.
    assert await outcome(node.ask("large", id="old")) == "ok"
    asked = [node.ask("log", "c"), node.delete(id="bye"), node.ask("log", "d")]
    assert [await outcome(each) for each in asked] == ["stored-value-corrupt", GONE, "/"]
    assert families(node.client.store) == {"own", "seq", "st", "kv", "rq", "rqt"}
    assert await node.get("log", "e") == "d/d"


async def test_when_the_deletion_of_damage_fails_it_stays(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    transaction = world.store.client(world.env).transaction()
    transaction.set(ActorKeys(address()).state, b"not what was written")
    await transaction.commit()
    node = await world.start(node.engine, node.limits)
    node.link.hold()
    asked = [node.delete(), node.ask("log", "b")]
    (await node.link.held()).fail(StoreReadFailed("gone"))
    assert [await outcome(each) for each in asked] == ["commit-failed", "commit-failed"]
    assert await outcome(node.ask("log", "b")) == "stored-value-corrupt"
    assert await outcome(node.delete()) == GONE


async def test_it_has_its_place_in_the_line(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    asked = [node.ask("slow", "a"), node.ask("log", "b"), node.delete(), node.ask("log", "c")]
    await settle()
    assert not any(each.done() for each in asked)
    gate.open()
    assert [await outcome(each) for each in asked] == ["a", "a/", GONE, "/"]


async def test_it_is_durable_before_it_is_answered(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    node.link.hold()
    deleting = node.delete()
    held = await node.link.held()
    # What comes behind it sees it at once, and waits for it.
    behind = [node.ask("read"), node.ask("log", "b")]
    await settle()
    assert not deleting.done()
    assert not any(each.done() for each in behind)
    held.land()
    assert await outcome(deleting) == GONE
    assert [await outcome(each) for each in behind] == ["", "/"]


async def test_turns_around_it_in_one_commit(scripted: StartScripted) -> None:
    """What came before it goes, what came behind it stays."""
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    node.link.hold()
    first = node.ask("log", "b")
    held = await node.link.held()
    folded = [node.ask("log", "c"), node.delete(), node.ask("log", "d")]
    await settle()
    commits = node.link.commits
    held.land()
    assert await outcome(first) == "a/a"
    assert [await outcome(each) for each in folded] == ["ab/ab", GONE, "/"]
    assert node.link.commits == commits + 1
    assert await node.get("log", "e") == "d/d"


async def test_when_its_commit_fails_nothing_has_gone(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    node.link.hold()
    deleting = node.delete()
    behind = node.ask("log", "b")
    (await node.link.held()).fail(StoreReadFailed("gone"))
    assert await outcome(deleting) == "commit-failed"
    assert await outcome(behind) == "commit-failed"
    assert await node.get("log", "b") == "a/a"


@pytest.mark.parametrize("fate", [unknown_but_landed, unknown_and_lost])
async def test_a_commit_in_doubt(scripted: StartScripted, fate: Any) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    node.link.fates.append(fate)
    assert await outcome(node.delete()) == GONE
    assert await node.get("log", "b") == "/"


@pytest.mark.parametrize("landed", [True, False])
async def test_in_doubt_while_another_node_takes_over(
    world: World, scripted: StartScripted, landed: bool
) -> None:
    """Its record says whether it was done; a deletion takes none away."""
    one = await scripted(SCRIPTS)
    await one.get("log", "a", id="before")
    one.link.hold()
    asked = [one.delete(id="with"), one.delete()]
    held = await one.link.held()
    if landed:
        held.apply()
    two = await world.start(one.engine, one.limits)
    assert await two.get("log", "b") == ("/" if landed else "a/a")
    held.lose()
    # The second one was behind it, and never sent.
    assert [await outcome(each) for each in asked] == [GONE if landed else "moved", "moved"]
    assert await outcome(two.delete(id="with")) == GONE
    # It was done before this one's turn, or is done after it.
    assert await two.get("read") == ("b" if landed else "")


@pytest.mark.parametrize("fate", [unknown_but_landed, unknown_and_lost])
async def test_its_witness_writes_with_it_or_not_at_all(scripted: StartScripted, fate: Any) -> None:
    node = await scripted(SCRIPTS)
    await node.get("log", "a")
    times = pack("witnessed")

    async def witness(transaction: Transaction, _detail: str) -> None:
        transaction.add(times, 1)

    def written() -> int:
        return int.from_bytes(dict(node.client.store.pairs()).get(times, b""), "little")

    node.link.hold()
    asked = node.delete(witness, id="bye")
    held = await node.link.held()
    assert written() == 0
    fate(held)
    node.link.holding = False
    assert await outcome(asked) == GONE
    assert written() == 1
    # Answered from the record.
    assert await outcome(node.delete(witness, id="bye")) == GONE
    assert written() == 1
    # It finds nothing: it is witnessed if it is recorded, and then once.
    for id_given in (None, "again", "again"):
        assert await outcome(node.delete(witness, id=id_given)) == NOTHING
    assert written() == 2


async def test_it_is_done_once(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    assert await outcome(node.delete(id="bye")) == GONE
    await node.get("append", "b")
    # Late: it was done, and is not done to what came after it.
    assert await outcome(node.delete(id="bye")) == GONE
    assert await node.get("read") == "b"


async def test_one_that_found_nothing_is_done_once_too(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await outcome(node.delete(id="bye")) == NOTHING
    await node.get("append", "b")
    assert await outcome(node.delete(id="bye")) == NOTHING
    assert await node.get("read") == "b"


async def test_a_late_retry_does_not_bring_it_back(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await node.get("append", "a", id="old") == "a"
    assert await outcome(node.ask("reject", id="refused")) == "rejected"
    await node.delete()
    assert await node.get("append", "a", id="old") == "a"
    assert await outcome(node.ask("reject", id="refused")) == "rejected"
    assert await node.get("read") == ""


async def test_duplicates_join(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    await node.get("append", "a")
    node.link.hold()
    asked = [node.delete(id="bye") for _ in range(3)]
    held = await node.link.held()
    asked += [node.delete(id="bye")]
    commits = node.link.commits
    held.land()
    assert [await outcome(each) for each in asked] == [GONE] * 4
    assert node.link.commits == commits


async def test_its_id_is_for_nothing_else(scripted: StartScripted) -> None:
    node = await scripted({**SCRIPTS, "(delete)": append})
    await node.get("append", "a", id="one")
    assert await outcome(node.delete(id="one")) == "request-mismatch"
    # Not even for an operation that is called as the logs call a deletion.
    assert await outcome(node.delete(id="two")) == GONE
    assert await outcome(node.ask("(delete)", id="two")) == "request-mismatch"
    assert await node.get("(delete)", "b") == "b"


async def test_limits_and_drain_are_those_of_any_request(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)}, mailbox_messages_max=2)
    asked = [node.ask("slow", "a")]
    await settle()
    asked += [node.delete(), node.delete(deadline_ms=0.001), node.delete()]
    await settle()
    assert await outcome(asked[3]) == "mailbox-full"
    gate.open()
    assert [await outcome(each) for each in asked[:3]] == ["a", GONE, "deadline-exceeded"]
    await node.runtime.drain()
    assert await outcome(node.delete()) == "draining"


async def test_full_of_records_it_goes_without_an_id(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, request_records_max=2)
    await node.get("append", "a", id="1")
    await node.get("append", "b", id="2")
    assert await outcome(node.delete(id="3")) == "request-records-full"
    assert await outcome(node.delete()) == GONE


async def test_another_node_owns_it(world: World, scripted: StartScripted) -> None:
    one = await scripted(SCRIPTS)
    two = await world.start(one.engine, one.limits, "two")
    await one.get("append", "a")
    assert await outcome(two.delete()) == "moved"
    assert await one.get("read") == "a"


async def test_it_is_no_longer_listed(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    for key in ("a", "b"):
        await node.get("log", "x", key=key, id="request")
    await node.delete(key="a", id="bye")
    page = await node.runtime.actors.page("default", "thing", "", None, 10)
    assert [each.address.key for each in page.actors] == ["b"]
    assert await node.runtime.actors.state(address("a")) is None


Step = tuple[str, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["log", "log", "away", "delete", "crash", "hold", "land"]),
        st.sampled_from("abc"),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
async def test_any_turns_around_deletions(steps: list[Step]) -> None:
    """Against a plain dict: whatever is in flight, whatever is committed together."""
    world = World()
    engine = ScriptedEngine(thing=SCRIPTS)
    node = await world.start(engine, Limits(**{**LIMITS, "commit_turns_max": 3}))
    await node.runtime.deploy("default", "thing", b"thing")
    state, kv = "", set[str]()
    asked, expected = [], []
    for what, key in steps:
        if what == "log":
            asked.append(node.ask("log", key))
            expected.append(state + "/" + "".join(sorted(kv)))
            state, kv = state + key, kv | {key}
        elif what == "away":
            asked.append(node.ask("away", key))
            expected.append("ok")
            state, kv = "", kv - {key}
        elif what == "delete":
            asked.append(node.delete())
            expected.append(json.dumps({"deleted": bool(state or kv)}, separators=(",", ":")))
            state, kv = "", set()
        elif what == "crash":
            node.runtime.drop_instances()
        elif what == "hold":
            node.link.holding = True
        else:
            node.link.release()
        await settle(3)
    node.link.release()
    assert [await outcome(each) for each in asked] == expected
    assert await node.get("log", "") == state + "/" + "".join(sorted(kv))
    await world.close()
    assert world.faults == []

"""The output gate: no answer leaves before all that it could have seen is durable."""

from __future__ import annotations

from functools import partial

from kelpie.errors import ActorFailed, ActorRejected, StoreReadFailed, StoreWriteFailed
from kelpie.ids import text
from tests.runtime.conftest import StartScripted
from tests.runtime.link import failing as failing_commit
from tests.runtime.scripts import Gate, append, log, read, read_and_fail
from tests.runtime.support import Asked, TestNode, World, outcome, settle

SCRIPTS = {
    "append": append,
    "log": log,
    "read": read,
    "fail": read_and_fail(ActorFailed),
    "reject": read_and_fail(lambda state: ActorRejected("no", state)),
}


async def started(scripted: StartScripted, **limits: int) -> TestNode:
    return await scripted(SCRIPTS, read_only={"read"}, **limits)


async def test_a_reply_waits_for_its_commit(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = node.ask("append", "a")
    held = await node.link.held()
    await settle()
    assert not asked.done()
    held.land()
    assert await outcome(asked) == "a"


async def test_whatever_saw_an_open_turn_waits_for_it(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    first = node.ask("append", "a")
    held = await node.link.held()
    later = [node.ask(each) for each in ("read", "fail", "reject")]
    await settle()
    assert len(node.component.turns) == 4
    assert not any(each.done() for each in later)
    held.land()
    assert await outcome(first) == "a"
    assert [await outcome(each) for each in later] == ["a", "actor-failed", "rejected"]


async def test_answers_leave_in_the_order_of_their_turns(scripted: StartScripted) -> None:
    node = await started(scripted)
    order: list[int] = []
    node.link.hold()
    asked: list[Asked] = []
    for number, operation in enumerate(["append", "read", "append", "fail", "append", "read"]):
        asked.append(node.ask(operation, "x"))
        asked[-1].add_done_callback(partial(_note, order, number))
        await settle(2)
    (await node.link.held()).land()
    for each in asked:
        await outcome(each)
    await settle()
    assert order == sorted(order)


def _note(order: list[int], number: int, _: Asked) -> None:
    order.append(number)


async def test_one_transaction_is_in_flight_and_later_turns_fold(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.holding = True
    commits = node.link.commits
    asked = [node.ask("append", "a")]
    first = await node.link.held()
    asked += [node.ask("append", "b") for _ in range(10)]
    await settle(50)
    # All have run, on top of each other, and none but the first is on its way.
    assert len(node.component.turns) == 11
    assert node.link.commits == commits + 1
    first.land()
    (await node.link.held()).land()
    assert [await outcome(each) for each in asked] == ["a" + "b" * n for n in range(11)]
    assert node.link.commits == commits + 2


async def test_a_turn_sees_state_and_kv_of_turns_that_are_not_yet_durable(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = [node.ask("log", each) for each in "abc"]
    held = await node.link.held()
    await settle()
    held.land()
    assert [await outcome(each) for each in asked] == ["/", "a/a", "ab/ab"]


async def test_the_pipeline_holds_turns_back_when_commits_do_not_keep_up(
    scripted: StartScripted,
) -> None:
    node = await started(scripted, commit_turns_max=3)
    node.link.holding = True
    asked = [node.ask("append", "a")]
    first = await node.link.held()
    asked += [node.ask("append", "a") for _ in range(20)]
    await settle(50)
    # One is in flight, three wait for it, and of the next batch there is one.
    assert len(node.component.turns) == 5
    first.land()
    node.link.release()
    assert [await outcome(each) for each in asked] == ["a" * n for n in range(1, 22)]


async def test_a_read_waits_for_a_check_of_ownership_after_its_turn(
    scripted: StartScripted,
) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(read)}, read_only={"slow"})
    await node.get("append", "a")
    asked = node.ask("slow")
    await settle()
    assert gate.waiting
    reads = node.link.reads
    gate.open()
    assert await outcome(asked) == "a"
    assert node.link.reads > reads, "it was checked in the store"


async def test_one_check_serves_all_who_wait(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    reads = node.link.reads
    assert [await outcome(each) for each in [node.ask("read")]] == ["a"]
    for_one = node.link.reads - reads
    reads = node.link.reads
    assert [await outcome(e) for e in [node.ask("read") for _ in range(50)]] == ["a"] * 50
    assert node.link.reads - reads <= 3 * for_one


async def test_a_read_whose_check_fails_is_not_answered(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.read_error = StoreReadFailed("the disk is gone")
    assert await outcome(node.ask("read")) == "store-read-failed"
    node.link.read_error = None
    assert await outcome(node.ask("read")) == "a"
    assert node.component.made == 1, "nothing was at stake: the instance lives on"


async def test_a_failed_commit_takes_every_later_turn_with_it(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "a")
    node.link.hold()
    asked = [node.ask("append", "b")]
    held = await node.link.held()
    asked += [node.ask(each, "c") for each in ("fail", "reject", "append", "read")]
    await settle()
    [instance] = node.component.live
    held.fail(StoreWriteFailed("the disk is gone"))
    assert [await outcome(each) for each in asked] == ["store-write-failed"] * 5
    assert instance.closed
    assert await outcome(node.ask("read")) == "a"
    assert await outcome(node.ask("append", "d")) == "ad"


async def test_a_turn_that_runs_while_a_commit_fails_is_discarded(
    scripted: StartScripted, world: World
) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    await node.get("append", "a")
    node.link.fates.append(failing_commit(StoreWriteFailed("the disk is gone")))
    asked = [node.ask("append", "b"), node.ask("slow", "c"), node.ask("append", "d")]
    assert await outcome(asked[0]) == "store-write-failed"
    await settle()
    gate.open()
    # The last one had not begun, and runs on what is true.
    assert await outcome(asked[1]) == "store-write-failed"
    assert await outcome(asked[2]) == "ad"


async def test_state_of_a_failed_commit_is_never_seen(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.fates.append(failing_commit(StoreWriteFailed("the disk is gone")))
    assert await outcome(node.ask("log", "a")) == "store-write-failed"
    assert await outcome(node.ask("log", "b")) == "/"
    assert await outcome(node.ask("log", "c")) == "b/b"


async def test_effects_are_in_one_commit(scripted: StartScripted, world: World) -> None:
    """Whatever is stored is whole: state, kv, sequence and record."""
    node = await started(scripted)
    await node.get("log", "a")
    before = dict(world.store.pairs())
    node.link.hold()
    asked = node.ask("log", "b", id="request")
    held = await node.link.held()
    assert dict(world.store.pairs()) == before
    held.apply()
    changed = {key for key, value in world.store.pairs() if before.get(key) != value}
    # State, sequence, the kv entry, the record and its index.
    assert len(changed) == 5
    held.lose()
    assert await outcome(asked) == "a/a"
    assert text("ab") == await node.ask("read")

"""Commits that fail, and commits of which nobody knows."""

from __future__ import annotations

import pytest

from kelpie.errors import (
    KelpieError,
    StoreCommitUnknown,
    StoreConflict,
    StoreFull,
    StoreReadFailed,
    StoreStopped,
    StoreTooOld,
    StoreWriteFailed,
)
from kelpie.ids import Payload, text
from tests.runtime.conftest import StartScripted
from tests.runtime.link import Held, failing, unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, outcome, settle

SCRIPTS = {"append": append, "read": read}


async def started(scripted: StartScripted, **limits: int) -> TestNode:
    node = await scripted(SCRIPTS, read_only={"read"}, **limits)
    await node.get("append", "a")
    return node


@pytest.mark.parametrize("error", [StoreConflict("x"), StoreTooOld("x")], ids=lambda e: e.code)
async def test_an_attempt_that_surely_failed_is_made_again(
    scripted: StartScripted, error: KelpieError
) -> None:
    node = await started(scripted)
    node.link.fates.extend([failing(error)] * 3)
    assert await outcome(node.ask("append", "b")) == "ab"
    assert node.component.made == 1


async def test_attempts_are_bounded(scripted: StartScripted) -> None:
    node = await started(scripted, commit_attempts_max=3)
    node.link.fates.extend([failing(StoreConflict("x"))] * 3)
    assert await outcome(node.ask("append", "b")) == "commit-failed"
    assert await outcome(node.ask("append", "c")) == "ac"


async def test_a_full_disk_is_named(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.fates.append(failing(StoreFull("no space left")))
    assert await outcome(node.ask("append", "b")) == "store-full"
    assert await outcome(node.ask("read")) == "a"


async def test_after_idle_time_the_claim_is_read_anew(scripted: StartScripted) -> None:
    node = await started(scripted)
    for _ in range(3):
        node.env.ahead_ms += 3_600_000
        await node.get("append", "b")
    assert await node.get("read") == "abbb"
    assert node.component.made == 1


async def test_a_store_that_skips_versions_is_no_harm(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.client.store.jump(100_000_000)
    assert await node.get("append", "b") == "ab"


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("times", [1, 3])
async def test_unknown_and_landed(scripted: StartScripted, recorded: bool, times: int) -> None:
    node = await started(scripted)
    request = "request" if recorded else None
    # The barrier behind it may be unknown as well.
    node.link.fates.extend([unknown_but_landed] * times)
    assert await outcome(node.ask("append", "b", id=request)) == "ab"
    assert await node.get("append", "c") == "abc"
    assert node.component.made == 1


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("times", [1, 3])
async def test_unknown_and_lost(scripted: StartScripted, recorded: bool, times: int) -> None:
    node = await started(scripted)
    request = "request" if recorded else None
    node.link.fates.extend([unknown_and_lost] * times)
    assert await outcome(node.ask("append", "b", id=request)) == "ab"
    assert await node.get("append", "c") == "abc"


async def test_unknown_for_a_brand_new_actor(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    for key, fate in (("lost", unknown_and_lost), ("landed", unknown_but_landed)):
        node.link.fates.append(fate)
        assert await outcome(node.ask("append", "a", key=key)) == "a"
        assert await outcome(node.ask("append", "b", key=key)) == "ab"


async def test_a_straggler_that_lands_before_the_barrier_counts(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold(2)
    asked = node.ask("append", "b")
    commit = await node.link.held()
    commit.lose()
    barrier = await node.link.held()
    # The barrier has read that nothing landed; now it does.
    commit.apply()
    barrier.land()
    assert await outcome(asked) == "ab"
    assert await node.get("append", "c") == "abc"


async def test_a_straggler_behind_the_barrier_never_lands(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = node.ask("append", "b")
    commit = await node.link.held()
    commit.lose()
    assert await outcome(asked) == "ab"
    with pytest.raises(StoreConflict):
        commit.apply()
    assert await node.get("read") == "ab"


async def test_a_commit_that_arrives_twice_counts_once(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.hold()
    asked = node.ask("append", "b")
    commit = await node.link.held()
    commit.land()
    with pytest.raises(StoreConflict):
        commit.apply()
    assert await outcome(asked) == "ab"


async def test_a_store_that_never_tells_leaves_the_outcome_unknown(
    scripted: StartScripted,
) -> None:
    node = await started(scripted, commit_resolution_ms_max=20)
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    later = [node.ask("append", "c"), node.ask("read")]
    await settle()
    node.link.read_error = StoreReadFailed("the network is gone")
    commit.lose()
    assert await outcome(asked) == "outcome-unknown"
    # Those were never sent anywhere: surely not done.
    assert [await outcome(each) for each in later] == ["commit-failed"] * 2
    node.link.read_error = None
    assert await outcome(node.ask("append", "b", id="request")) == "ab"
    with pytest.raises(StoreConflict):
        commit.apply()


async def test_asked_again_after_an_unknown_outcome_that_had_landed(
    scripted: StartScripted,
) -> None:
    node = await started(scripted, commit_resolution_ms_max=20)
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    node.link.read_error = StoreReadFailed("the network is gone")
    commit.apply()
    commit.lose()
    assert await outcome(asked) == "outcome-unknown"
    node.link.read_error = None
    assert await outcome(node.ask("append", "b", id="request")) == "ab"
    assert await node.get("read") == "ab"


async def test_a_read_after_the_record_of_a_straggler_was_seen_sees_its_effects(
    scripted: StartScripted,
) -> None:
    """A straggler of an earlier activation of this very node lands after a new
    one has loaded. Its record can be found from then on, so no read may be
    answered from what was loaded before."""
    gate = Gate()
    node = await scripted(
        {**SCRIPTS, "slow": gate.script(read)},
        read_only={"slow", "read"},
        commit_resolution_ms_max=20,
    )
    await node.get("append", "a", id="first")
    node.link.hold()
    asked = node.ask("append", "b", id="request")
    commit = await node.link.held()
    node.link.read_error = StoreReadFailed("the network is gone")
    commit.lose()
    assert await outcome(asked) == "outcome-unknown"
    node.link.read_error = None
    # A new activation, with what was there before.
    assert await node.get("read") == "a"
    commit.apply()
    assert await outcome(node.ask("append", "b", id="request")) == "ab"
    assert await outcome(node.ask("read")) in ("ab", "moved")
    assert await outcome(node.ask("read")) == "ab"


async def test_nothing_is_built_on_what_a_straggler_has_changed(
    scripted: StartScripted,
) -> None:
    """As before, and the new activation wants to write."""
    node = await started(scripted, commit_resolution_ms_max=20)
    node.link.hold()
    asked = node.ask("append", "b")
    commit = await node.link.held()
    node.link.read_error = StoreReadFailed("the network is gone")
    commit.lose()
    assert await outcome(asked) == "outcome-unknown"
    node.link.read_error = None
    assert await node.get("read") == "a"
    commit.apply()
    assert await outcome(node.ask("append", "c")) == "moved"
    assert await outcome(node.ask("append", "c")) == "abc"


async def test_a_straggler_of_a_brand_new_actor_never_lands_behind_the_barrier(
    scripted: StartScripted,
) -> None:
    node = await scripted(SCRIPTS)
    node.link.hold()
    asked = node.ask("append", "a")
    commit = await node.link.held()
    node.link.fates.append(Held.land)
    node.link.hold()
    commit.lose()
    again = await node.link.held()
    with pytest.raises(StoreConflict):
        commit.apply()
    again.land()
    assert await outcome(asked) == "a"


async def test_a_straggler_is_not_taken_for_what_was_tried_again(
    scripted: StartScripted,
) -> None:
    """Two activations try to commit the same request, neither of which has a
    claim in the store; the first one's attempt lands while the second one's is
    in doubt. They wrote the same, but for what the turn did."""

    def stamp(host: Host) -> Payload:
        host.save(text(str(host.turn.time_ns)))
        return text(str(host.turn.time_ns))

    node = await scripted(
        {"stamp": stamp, "read": read}, read_only={"read"}, commit_resolution_ms_max=20
    )
    node.link.hold()
    asked = node.ask("stamp", id="request")
    first = await node.link.held()
    node.link.read_error = StoreReadFailed("the network is gone")
    first.lose()
    assert await outcome(asked) == "outcome-unknown"
    node.link.read_error = None
    node.link.hold()
    asked = node.ask("stamp", id="request")
    second = await node.link.held()
    first.apply()
    second.lose()
    reply = await outcome(asked)
    assert reply == await node.get("stamp", id="request"), "the record has the last word"
    while (found := await outcome(node.ask("read"))) == "moved":
        pass
    assert reply == found


async def test_a_store_that_stops_leaves_the_outcome_unknown(scripted: StartScripted) -> None:
    node = await started(scripted)
    node.link.fates.append(failing(StoreStopped("an fsync failed")))
    assert await outcome(node.ask("append", "b")) == "outcome-unknown"


async def test_reads_in_a_doubtful_batch_are_not_answered_before_it_is_settled(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    node.link.hold(2)
    asked = node.ask("append", "b")
    first = await node.link.held()
    reading = [node.ask("append", "c"), node.ask("read")]
    await settle()
    first.lose()
    barrier = await node.link.held()
    await settle()
    assert not any(each.done() for each in reading)
    barrier.land()
    assert [await outcome(each) for each in [asked, *reading]] == ["ab", "abc", "abc"]


async def test_a_host_fault_in_a_commit_leaves_its_outcome_unknown(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)

    def land_and_break(held: Held) -> None:
        held.apply()
        held.fail(ZeroDivisionError("a bug"))

    node.link.fates.append(land_and_break)
    asked = node.ask("append", "b", id="request")
    assert await outcome(asked) == "outcome-unknown"
    assert await outcome(node.ask("append", "b", id="request")) == "ab"
    faults = [error for _, error in node.faults]
    assert [type(each) for each in faults] == [ZeroDivisionError]
    node.faults.clear()


async def test_the_tick_may_be_in_doubt_without_harm(scripted: StartScripted) -> None:
    node = await started(scripted)
    await node.get("append", "b", id="first")
    for fate in (unknown_and_lost, unknown_but_landed, failing(StoreCommitUnknown("x"))):
        node.env.ahead_ms += 2 * node.limits.store_tick_ms
        node.link.fates.append(fate)
        assert await outcome(node.ask("append", "c", id=f"with {fate}")) != "host-fault"
    assert await node.get("read") == "abccc"


async def test_a_write_that_fails_in_the_tick_is_not_the_turns_outcome(
    scripted: StartScripted,
) -> None:
    node = await started(scripted)
    node.env.ahead_ms += 2 * node.limits.store_tick_ms
    node.link.fates.append(failing(StoreWriteFailed("the disk is gone")))
    assert await outcome(node.ask("append", "b", id="request")) == "store-write-failed"
    assert await outcome(node.ask("append", "b", id="request")) == "ab"

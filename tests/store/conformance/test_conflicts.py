"""Who conflicts with whom, and who does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kelpie.errors import StoreConflict, StoreTooOld
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.protocol import Store, Transaction
from tests.store.conformance.backends import Backend
from tests.store.conformance.helpers import END, put, read

Read = Callable[[Transaction], Awaitable[object]]


async def _conflict_key(transaction: Transaction) -> None:
    transaction.add_read_conflict(b"m")


async def _conflict_range(transaction: Transaction) -> None:
    transaction.add_read_conflict_range(b"k", b"n")


async def _add_then_get(transaction: Transaction) -> None:
    transaction.add(b"m", 1)
    await transaction.get(b"m")


READS: dict[str, Read] = {
    "get": lambda transaction: transaction.get(b"m"),
    "range": lambda transaction: transaction.get_range(b"", END, limit=9),
    "reversed range": lambda t: t.get_range(b"", END, limit=9, reverse=True),
    "conflict key": _conflict_key,
    "conflict range": _conflict_range,
    "add, then get": _add_then_get,
}

WRITES: dict[str, Callable[[Transaction], None]] = {
    "set": lambda transaction: transaction.set(b"m", b"2"),
    "clear": lambda transaction: transaction.clear(b"m"),
    "clear range": lambda transaction: transaction.clear_range(b"l", b"mm"),
    "add": lambda transaction: transaction.add(b"m", 1),
}


@pytest.mark.parametrize("there", [True, False], ids=["there", "absent"])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("reading", READS)
async def test_what_was_read_and_then_written_conflicts(
    store: Store, reading: str, write: str, there: bool
) -> None:
    await (put(store, m=b"1") if there else put(store, z=b"1"))
    loser = store.transaction()
    await READS[reading](loser)
    winner = store.transaction()
    WRITES[write](winner)
    await winner.commit()
    loser.set(b"other", b"1")
    with pytest.raises(StoreConflict):
        await loser.commit()
    assert await read(store, b"other") is None


async def test_who_tries_again_after_a_conflict_does_not_meet_the_same_commit(store: Store) -> None:
    """Also where that commit was still on its way when the conflict was found."""
    for waits in range(4):
        loser = store.transaction()
        await loser.get(b"m")
        in_flight = [asyncio.ensure_future(put(store, m=b"%d" % n)) for n in range(2)]
        for _ in range(1 + waits):
            await asyncio.sleep(0)
        loser.set(b"m", b"late")
        with pytest.raises(StoreConflict):
            await loser.commit()
        again = store.transaction()
        await again.get(b"m")
        again.set(b"m", b"again")
        await again.commit()
        await asyncio.gather(*in_flight)


@pytest.mark.parametrize("reading", READS)
async def test_what_was_written_before_the_read_does_not(store: Store, reading: str) -> None:
    await put(store, m=b"1")
    transaction = store.transaction()
    await READS[reading](transaction)
    transaction.set(b"m", b"2")
    await transaction.commit()


async def test_a_versionstamped_key_conflicts_with_a_range(store: Store) -> None:
    loser = store.transaction()
    assert await loser.get_range(b"s", b"t", limit=9) == []
    winner = store.transaction()
    winner.set_versionstamped(b"s", b"", b"")
    await winner.commit()
    loser.set(b"a", b"")
    with pytest.raises(StoreConflict):
        await loser.commit()


async def test_snapshot_reads_do_not_conflict(store: Store) -> None:
    await put(store, m=b"1")
    transaction = store.transaction()
    await transaction.get(b"m", snapshot=True)
    await transaction.get_range(b"", END, limit=9, snapshot=True)
    await put(store, m=b"2")
    transaction.set(b"a", b"1")
    await transaction.commit()


async def test_blind_writes_do_not_conflict_and_the_later_commit_wins(store: Store) -> None:
    first, second = store.transaction(), store.transaction()
    first.set(b"a", b"first")
    second.set(b"a", b"second")
    await second.commit()
    await first.commit()
    assert await read(store, b"a") == b"first"


async def test_reading_what_one_wrote_does_not_conflict(store: Store) -> None:
    transaction = store.transaction()
    await transaction.read_version()
    transaction.set(b"m", b"mine")
    assert await transaction.get(b"m") == b"mine"
    await put(store, m=b"other")
    await transaction.commit()


async def test_write_skew_is_refused(store: Store) -> None:
    first, second = store.transaction(), store.transaction()
    await first.get(b"a")
    await second.get(b"b")
    first.set(b"b", b"1")
    second.set(b"a", b"1")
    await first.commit()
    with pytest.raises(StoreConflict):
        await second.commit()


@pytest.mark.parametrize(
    ("limit", "reverse", "key", "conflicts"),
    [
        (1, False, "a", True),
        (1, False, "b", False),
        (2, False, "b", True),
        (2, False, "c", True),
        (2, False, "d", False),
        (3, False, "d", True),
        (3, False, "z", False),
        (4, False, "z", True),
        (1, True, "e", True),
        (1, True, "d", False),
        (2, True, "d", True),
        (2, True, "b", False),
        (4, True, "b", True),
    ],
)
async def test_a_range_that_was_cut_short_conflicts_up_to_its_last_pair(
    store: Store, limit: int, reverse: bool, key: str, conflicts: bool
) -> None:
    await put(store, a=b"1", c=b"1", e=b"1")
    transaction = store.transaction()
    await transaction.get_range(b"", END, limit=limit, reverse=reverse)
    await put(store, **{key: b"2"})
    transaction.set(b"other", b"1")
    if conflicts:
        with pytest.raises(StoreConflict):
            await transaction.commit()
    else:
        await transaction.commit()


async def test_read_only_transactions_never_fail(backend: Backend) -> None:
    store = backend.store
    await put(store, a=b"1")
    transaction = store.transaction()
    await transaction.get(b"a")
    version = await transaction.read_version()
    await put(store, a=b"2")
    backend.env.advance(60_000)
    assert await transaction.commit() == version


async def test_an_owner_commits_without_reading(store: Store) -> None:
    known = await put(store, own=b"me", seq=b"1")
    transaction = store.transaction(known)
    transaction.add_read_conflict(b"own")
    transaction.add_read_conflict(b"seq")
    transaction.set(b"seq", b"2")
    known = await transaction.commit()
    await put(store, unrelated=b"1")
    straggler, rival = store.transaction(known), store.transaction()
    straggler.add_read_conflict(b"own")
    straggler.set(b"seq", b"3")
    await rival.get(b"own")
    rival.set(b"own", b"rival")
    await rival.commit()
    with pytest.raises(StoreConflict):
        await straggler.commit()
    assert await read(store, b"seq") == b"2"


async def test_an_older_version_is_read_as_it_was_or_not_at_all(store: Store) -> None:
    known = await put(store, a=b"1", b=b"1")
    await put(store, a=b"2")
    transaction = store.transaction(known)
    assert await transaction.get(b"b") == b"1"
    try:
        assert await transaction.get(b"a") == b"1"
        assert await transaction.get_range(b"", END, limit=9) == [(b"a", b"1"), (b"b", b"1")]
    except StoreTooOld:
        pass
    transaction.set(b"b", b"2")
    transaction.add_read_conflict(b"a")
    with pytest.raises(StoreConflict):
        await transaction.commit()


@pytest.mark.parametrize("explicit", [True, False])
async def test_a_version_that_is_too_old_cannot_commit(backend: Backend, explicit: bool) -> None:
    store, env = backend.store, backend.env
    known = await put(store, a=b"1")
    transaction = store.transaction(known if explicit else None)
    transaction.add_read_conflict(b"a")
    transaction.set(b"b", b"1")
    env.advance(5_001)
    with pytest.raises(StoreTooOld):
        await transaction.commit()
    assert await read(store, b"b") is None
    young = store.transaction()
    young.add_read_conflict(b"a")
    env.advance(4_000)
    young.set(b"b", b"2")
    await young.commit()


async def test_after_a_long_rest_a_burst_of_transactions_is_not_too_old(backend: Backend) -> None:
    await put(backend.store, m=b"1")
    backend.env.advance(DEFAULT_LIMITS.store_transaction_ms_max * 2)
    commits = []
    for number in range(3):
        # Each begins while the commit of the one before is under way.
        transaction = backend.store.transaction()
        assert await transaction.get(b"m") == b"1"
        transaction.set(b"%d" % number, b"1")
        commits.append(backend.env.spawn(transaction.commit(), "commit"))
        await backend.env.sleep(0)
    versions = [await commit for commit in commits]
    assert versions == sorted(set(versions))


async def test_a_conflict_is_known_for_as_long_as_a_version_lives(backend: Backend) -> None:
    store, env = backend.store, backend.env
    transaction = store.transaction()
    transaction.add_read_conflict(b"a")
    env.advance(2_000)
    await put(store, a=b"1")
    env.advance(2_000)
    await put(store, b=b"1")
    transaction.set(b"c", b"1")
    with pytest.raises(StoreConflict):
        await transaction.commit()

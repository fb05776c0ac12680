"""Keys of kv: in the order of its keys, and each generation apart from the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Address
from kelpie.store import keyspace, kv_keys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys, entry_bytes_max
from kelpie.store.tuples import pack

names = st.text(st.sampled_from("\0\x01ab/é\U0001f600"), min_size=1, max_size=6)
addresses = st.builds(Address, st.just("default"), st.sampled_from(["a", "counter"]), names)
keys = names.map(str.encode)
generations = st.sampled_from([0, 1, 2, 255, 256, 2**40, 2**63])
all_kv = st.builds(lambda each, of: KvKeys(ActorKeys(each).prefix, of), addresses, generations)


def test_the_first_generation_is_where_entries_always_were() -> None:
    assert KvKeys(b"actor", 0).entry(b"k") == b"actor" + pack("kv", b"k")


@given(all_kv, keys, keys)
def test_entries_are_in_the_order_of_their_keys(kv: KvKeys, one: bytes, two: bytes) -> None:
    assert kv.key_of(kv.entry(one)) == one
    assert (kv.entry(one) < kv.entry(two)) == (one < two)


@given(all_kv, keys, keys | st.just(b""), keys | st.none(), st.booleans())
def test_a_range_has_what_begins_so_behind_that(
    kv: KvKeys, key: bytes, prefix: bytes, after: bytes | None, reverse: bool
) -> None:
    begin, end = kv.range(prefix, after, reverse)
    behind = after is None or (key < after if reverse else key > after)
    assert begin <= end
    assert (begin <= kv.entry(key) < end) == (key.startswith(prefix) and behind)
    assert not begin <= keyspace.chunks_of(kv.entry(key)) < end


@given(addresses, generations, generations, keys)
def test_generations_are_apart(address: Address, one: int, other: int, key: bytes) -> None:
    actor = ActorKeys(address)
    mine, theirs = KvKeys(actor.prefix, one), KvKeys(actor.prefix, other)
    entry = theirs.entry(key)
    chunk = keyspace.chunks_of(entry) + pack(0)
    entries_before, chunks_before = mine.before()
    for begin, end, at, has in (
        (*mine.range(), entry, one == other),
        (*mine.chunks(), chunk, one == other),
        (*entries_before, entry, other < one),
        (*chunks_before, chunk, other < one),
        (*mine.since(), entry, other >= one),
        (*mine.all_generations(), entry, True),
    ):
        assert begin <= end
        assert (begin <= at < end) == has
        for strange in (actor.own, actor.seq, actor.state, actor.record("p", "r")):
            assert not begin <= strange < end
    assert keyspace.address_of(entry) == address
    assert mine.generation_of(entry) == other
    assert len(entry) <= entry_bytes_max(actor.prefix, key)


@given(addresses, addresses)
def test_the_index_of_what_is_left(one: Address, other: Address) -> None:
    key = kv_keys.left(one)
    assert kv_keys.address_of_left(key) == one
    begin, end = kv_keys.left_anywhere()
    assert begin <= key < end
    begin, end = kv_keys.left_anywhere(other)
    assert (begin <= key < end) == (key > kv_keys.left(other))
    kind = keyspace.everything_of(one.namespace, one.kind)
    assert any(begin <= key < end for begin, end in kind)

"""Keys: all different, all within the store's limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Address
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store import component_keys, keyspace
from kelpie.store.keyspace import ActorKeys
from kelpie.store.kv_keys import KvKeys
from kelpie.store.tuples import pack

keys = st.text(st.sampled_from("\0\x01ab/é\U0001f600"), min_size=1, max_size=6)
addresses = st.builds(Address, st.just("default"), st.sampled_from(["a", "counter"]), keys)


def test_every_single_key_is_of_its_own() -> None:
    actor = ActorKeys(Address("n", "k", "x"))
    made = [
        keyspace.store_format(),
        keyspace.tick(),
        keyspace.entropy_secret(),
        keyspace.node_fence("n"),
        keyspace.node_heartbeat("n"),
        keyspace.current_deploy("n", "k"),
        keyspace.deploy("n", "k", 1),
        component_keys.component("d"),
        component_keys.component_chunk("d", 0),
        actor.own,
        actor.seq,
        actor.state,
        keyspace.chunks_of(actor.state) + pack(0),
        KvKeys(actor.prefix, 0).entry(b"x"),
        keyspace.chunks_of(KvKeys(actor.prefix, 0).entry(b"x")) + pack(0),
        actor.record("p", "r"),
        actor.record_index(1, 2),
    ]
    assert len(set(made)) == len(made)
    assert all(key < b"\xff" for key in made)


@given(addresses, addresses)
def test_an_actors_keys_are_its_own(one: Address, two: Address) -> None:
    keys_one, keys_two = ActorKeys(one), ActorKeys(two)
    begin, end = keys_one.everything()
    for key in (
        keys_two.own,
        keys_two.state,
        KvKeys(keys_two.prefix, 3).entry(b"k"),
        keys_two.record("p", "r"),
    ):
        assert (begin <= key < end) == (one == two)
        assert keyspace.address_of(key) == two
    begin, end = keys_one.chunks()
    assert (begin <= keyspace.chunks_of(keys_two.state) + pack(3) < end) == (one == two)


@given(addresses, st.sampled_from(["a", "counter"]), keys | st.just(""), st.none() | keys)
def test_the_actors_of_a_kind(address: Address, kind: str, prefix: str, after: str | None) -> None:
    begin, end = keyspace.actors_of("default", kind, prefix, after)
    assert begin <= end
    key = address.key.encode()
    wanted = (
        address.kind == kind
        and key.startswith(prefix.encode())
        and (after is None or key > after.encode())
    )
    actor = ActorKeys(address)
    kv = KvKeys(actor.prefix, 0)
    for each in (actor.own, actor.seq, actor.state, kv.entry(b"\xff"), kv.entry(b"")):
        assert (begin <= each < end) == wanted


@given(addresses, keys, keys)
def test_a_record_is_named_by_principal_and_id(
    address: Address, principal: str, request_id: str
) -> None:
    record = ActorKeys(address).record(principal, request_id)
    assert record == pack("a", *address, "rq", principal, request_id)


def test_record_indexes_are_ordered_by_tick() -> None:
    actor = ActorKeys(Address("n", "k", "x"))
    begin, end = actor.record_index_range(7)
    made = [actor.record_index(tick, seq) for tick in (0, 1, 6, 7, 300) for seq in (0, 5, 2**40)]
    assert made == sorted(made)
    assert [begin <= key < end for key in made] == [True] * 9 + [False] * 6
    assert not begin <= actor.record("p", "r") < end


def test_deploys_are_ordered_by_number_and_named_by_kind() -> None:
    begin, end = keyspace.deploys("n", "k")
    made = [keyspace.deploy("n", "k", number) for number in (1, 2, 255, 256, 70_000)]
    assert made == sorted(made)
    assert all(begin <= key < end for key in made)
    assert not begin <= keyspace.deploy("n", "k2", 1) < end
    begin, end = keyspace.current_deploys("n")
    assert begin <= keyspace.current_deploy("n", "k") < end
    assert not begin <= keyspace.current_deploy("n2", "k") < end
    assert keyspace.kind_of(keyspace.current_deploy("n", "k")) == "k"


def test_the_longest_keys_fit_the_store() -> None:
    limits = DEFAULT_LIMITS
    name = "n" * limits.name_bytes_max
    worst = ActorKeys(Address(name, name, "\0" * limits.actor_key_bytes_max))
    entry = KvKeys(worst.prefix, 2**63).entry(b"\0" * limits.kv_key_bytes_max)
    chunk = keyspace.chunks_of(entry) + pack(1 << 32)
    # A principal that is another actor, with the longest address.
    principal = f"{name}/{name}/" + "\0" * limits.actor_key_bytes_max
    record = worst.record(principal, "\0" * limits.request_id_bytes_max)
    record_chunk = keyspace.chunks_of(record) + pack(1 << 32)
    for key in (entry, chunk, record, record_chunk, worst.record_index(2**63, 2**63)):
        assert len(key) <= limits.store_key_bytes_max
    assert len(chunk) == pytest.approx(
        2 * limits.actor_key_bytes_max + 2 * limits.kv_key_bytes_max, abs=200
    )

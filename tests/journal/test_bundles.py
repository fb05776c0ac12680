"""Bundles: what was put in comes out, and what is no bundle is refused with a reason."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from hashlib import sha256

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import BundleInvalid
from kelpie.ids import Address, text
from kelpie.journal.birth import Birth, pack_birth, pack_entry
from kelpie.journal.bundles import BundleWriter, read_bundle
from kelpie.journal.entries import Entry
from kelpie.journal.heads import Head, limits_told
from kelpie.journal.masks import Mask
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.wasm.kind_configuration import NO_CONFIGURATION

HEAD = Head("counter/alice", "default", "1.0", "wasmtime 50", 5, limits_told(DEFAULT_LIMITS))
WASM = b"\0asm" * 100
DIGEST = sha256(WASM).hexdigest()
BIRTH = Birth(Address("default", "counter", "alice"), 3, DIGEST, 7, text("1"), {"A": "b"})
ENTRIES = [Entry(b"given", (b"a call",), b"end"), Entry(b"given 2", (), b"end 2")]


def bundle(
    head: Head = HEAD, birth: bytes | None = None, entries: list[Entry] | None = None
) -> bytes:
    writer = BundleWriter(head)
    writer.add_component(WASM)
    writer.add_birth(pack_birth(BIRTH, Mask(NO_CONFIGURATION)) if birth is None else birth)
    taken = ENTRIES if entries is None else entries
    writer.add_turns(len(taken), b"".join(map(pack_entry, taken)))
    return writer.finish()


def test_it_comes_out_as_it_was_put_in() -> None:
    found = read_bundle(bundle(), DEFAULT_LIMITS)
    assert found.head == HEAD
    assert found.components == {DIGEST: WASM}
    assert [each.birth for each in found.flown] == [BIRTH]
    assert found.flown[0].entries == ENTRIES
    assert found.turns == 2


@given(st.data())
def test_no_byte_can_be_changed_or_missing(data: st.DataObject) -> None:
    whole = bundle()
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    for damaged in (flipped, whole[:at], whole + whole[at:]):
        with pytest.raises(BundleInvalid):
            read_bundle(damaged, DEFAULT_LIMITS)


@pytest.mark.parametrize("version", [1, 2])
def test_bundles_of_before_are_read(version: int) -> None:
    """Whose heads and births have no checksums of their members."""
    members = ("default", "counter", "alice"), 3, DIGEST, 7, None, {"A": "b"}, {}
    writer = BundleWriter(HEAD)
    writer._parts = [b"kelpie bundle 1\n"]
    writer._frames = 0
    writer._add(b"h", json.dumps(HEAD._asdict()).encode())
    writer.add_component(WASM)
    writer.add_birth(msgpack.packb((version, *members)))
    writer.add_turns(len(ENTRIES), b"".join(map(pack_entry, ENTRIES)))
    writer._add(b"z", b"4")
    found = read_bundle(b"".join(writer._parts), DEFAULT_LIMITS)
    assert found.head == HEAD
    assert found.flown[0].birth == replace(BIRTH, state=None, ends_are_sealed=version > 1)
    assert found.flown[0].entries == ENTRIES


@given(st.binary(max_size=200))
def test_other_files_are_refused(data: bytes) -> None:
    for file in (data, b"kelpie bundle 1\n" + data, b"kelpie bundle 2\n" + data):
        with pytest.raises(BundleInvalid):
            read_bundle(file, DEFAULT_LIMITS)


@given(st.binary(max_size=100))
def test_a_stranger_knows_of_checksums(body: bytes) -> None:
    """Frames that are whole, with anything in them."""
    for made in (bundle(birth=body), _with_turns(body)):
        with pytest.raises(BundleInvalid):
            read_bundle(made, DEFAULT_LIMITS)


def _with_turns(body: bytes) -> bytes:
    writer = BundleWriter(HEAD)
    writer.add_component(WASM)
    writer.add_birth(pack_birth(BIRTH, Mask(NO_CONFIGURATION)))
    writer.add_turns(1 << 20, body)
    return writer.finish()


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [
        ("bundle_bytes_max", 100, "bundle_bytes_max"),
        ("bundle_turns_max", 1, "bundle_turns_max"),
        ("component_bytes_max", 399, "component_bytes_max"),
    ],
)
def test_it_is_bounded(limit: str, value: int, told: str) -> None:
    with pytest.raises(BundleInvalid, match=told):
        read_bundle(bundle(), Limits(**{limit: value}))


def test_so_is_the_number_of_components() -> None:
    writer = BundleWriter(HEAD)
    for number in range(3):
        writer.add_component(WASM + bytes([number]))
    with pytest.raises(BundleInvalid, match="bundle_components_max"):
        read_bundle(writer.finish(), Limits(bundle_components_max=2))


def test_a_component_that_grows_without_end_is_not_unpacked() -> None:
    writer = BundleWriter(HEAD)
    writer.add_component(b"\0" * 50_000_000)
    small = writer.finish()
    assert len(small) < 1_000_000
    with pytest.raises(BundleInvalid, match="component_bytes_max"):
        read_bundle(small, Limits(component_bytes_max=1_000_000))


def test_a_component_must_be_in_it() -> None:
    other = pack_birth(replace(BIRTH, digest="0" * 64), Mask(NO_CONFIGURATION))
    with pytest.raises(BundleInvalid, match="component 000000000000 of instance 1 is not in it"):
        read_bundle(bundle(birth=other), DEFAULT_LIMITS)


def test_of_a_later_version_that_is_said() -> None:
    with pytest.raises(BundleInvalid, match="it has format 9"):
        read_bundle(bundle(birth=msgpack.packb((9, "whatever"))), DEFAULT_LIMITS)


def test_limits_are_those_of_then_but_no_more_than_here() -> None:
    told = {**limits_told(DEFAULT_LIMITS), "turn_fuel_max": 5, "instance_memory_bytes_max": 1 << 60}
    found = HEAD._replace(limits={**told, "of_another_version_max": 1}).limits_under(DEFAULT_LIMITS)
    assert found.turn_fuel_max == 5
    assert found.instance_memory_bytes_max == DEFAULT_LIMITS.instance_memory_bytes_max


def test_a_head_that_says_nothing_is_refused() -> None:
    for head in ({}, [], {**HEAD._asdict(), "limits": {"turn_fuel_max": "many"}}):
        writer = BundleWriter(HEAD)
        writer._parts = writer._parts[:1]
        writer._frames = 0
        writer._add(b"h", json.dumps(head).encode())
        with pytest.raises(BundleInvalid, match="head"):
            read_bundle(writer.finish(), DEFAULT_LIMITS)


def test_what_is_compressed_can_be_anything() -> None:
    writer = BundleWriter(HEAD)
    writer._add(b"w", zlib.compress(WASM)[:-3])
    with pytest.raises(BundleInvalid, match="cut off"):
        read_bundle(writer.finish(), DEFAULT_LIMITS)

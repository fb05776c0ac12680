"""Frames: any damage is found and named, and other formats are told apart from it."""

from __future__ import annotations

from struct import pack as pack_struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import StoredValueCorrupt, StoreFormatUnsupported
from kelpie.store.frame import FRAME_BYTES, FRAME_VERSION, frame, unframe
from kelpie.store.tuples import pack

KEY = pack("a", "default", "counter", "alice", "st")


@given(st.binary(max_size=40), st.binary(max_size=200))
def test_a_value_comes_back(key: bytes, value: bytes) -> None:
    stored = frame(key, value)
    assert len(stored) == len(value) + FRAME_BYTES
    assert unframe(key, stored) == value


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_flipped_bit_is_found(value: bytes, data: st.DataObject) -> None:
    stored = bytearray(frame(KEY, value))
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[bit // 8] ^= 1 << bit % 8
    with pytest.raises(StoredValueCorrupt) as caught:
        unframe(KEY, bytes(stored))
    assert "a/default/counter/alice/st" in caught.value.message
    assert caught.value.details["key"] == "a/default/counter/alice/st"


@given(st.binary(max_size=60), st.data())
def test_a_torn_value_is_found(value: bytes, data: st.DataObject) -> None:
    stored = frame(KEY, value)
    size = data.draw(st.integers(0, len(stored) - 1))
    with pytest.raises(StoredValueCorrupt):
        unframe(KEY, stored[:size])


def test_a_value_under_another_key_is_found() -> None:
    with pytest.raises(StoredValueCorrupt):
        unframe(pack("a", "default", "counter", "bob", "st"), frame(KEY, b"5"))


def test_another_format_is_not_taken_for_damage() -> None:
    version = FRAME_VERSION + 1
    stored = pack_struct(">BI", version, crc32(b"new", crc32(KEY, version))) + b"new"
    with pytest.raises(StoreFormatUnsupported) as caught:
        unframe(KEY, stored)
    assert caught.value.details["format"] == version

"""The tuple encoding: it comes back, it keeps the order, prefixes are ranges."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kelpie.store.tuples import (
    Element,
    after,
    children,
    escape,
    pack,
    prefixed,
    readable,
    unescape,
    unpack,
)

integers = st.integers(-(2**64) + 1, 2**64 - 1)
nasty_bytes = st.lists(st.sampled_from([0, 1, 2, 0x7F, 0xFE, 0xFF]), max_size=6).map(bytes)
elements: st.SearchStrategy[Element] = st.one_of(
    st.binary(max_size=8), nasty_bytes, st.text(max_size=8), integers, st.integers(-300, 300)
)
tuples = st.lists(elements, max_size=4).map(tuple)


def order(items: tuple[Element, ...]) -> list[tuple[int, Element]]:
    """What tuples are ordered by: bytes before str before int."""
    ranks = {bytes: 0, str: 1, int: 2}
    return [(ranks[type(each)], each.encode() if isinstance(each, str) else each) for each in items]


@given(tuples)
@example((0, -1, 1, 255, 256, -255, -256, 2**64 - 1, -(2**64) + 1))
@example(("", b"", "\0", b"\0\xff", "a\0b"))
def test_a_tuple_comes_back(items: tuple[Element, ...]) -> None:
    assert unpack(pack(*items)) == items


@given(tuples, tuples)
def test_bytes_are_ordered_as_tuples(one: tuple[Element, ...], two: tuple[Element, ...]) -> None:
    assert (pack(*one) < pack(*two)) == (order(one) < order(two))


@given(st.lists(nasty_bytes, min_size=2, max_size=2))
def test_escaping_keeps_order_and_comes_back(pair: list[bytes]) -> None:
    one, two = pair
    assert unescape(escape(one)) == one
    assert (escape(one) + b"\0" < escape(two) + b"\0") == (one < two)


@given(tuples, tuples)
def test_children_are_the_longer_tuples(
    prefix: tuple[Element, ...], other: tuple[Element, ...]
) -> None:
    begin, end = children(pack(*prefix))
    is_child = len(other) > len(prefix) and other[: len(prefix)] == prefix
    assert (begin <= pack(*other) < end) == is_child
    assert begin <= pack(*prefix, *other) < end or not other


@given(nasty_bytes, nasty_bytes)
def test_prefixed_are_the_keys_that_begin_so(prefix: bytes, key: bytes) -> None:
    if not prefix.strip(b"\xff"):
        with pytest.raises(ValueError, match="prefix"):
            prefixed(prefix)
        return
    begin, end = prefixed(prefix)
    assert (begin <= key < end) == key.startswith(prefix)


@given(nasty_bytes, nasty_bytes)
def test_after_is_the_very_next_key(key: bytes, other: bytes) -> None:
    assert (other >= after(key)) == (other > key)


def test_integers_beyond_64_bits_are_refused() -> None:
    for number in (2**64, -(2**64)):
        with pytest.raises(OverflowError):
            pack(number)


@pytest.mark.parametrize(
    "key", [b"\x01abc", b"\x02a\0\xff", b"\x16\x01", b"\x00", b"\x1d" + bytes(9), b"\xfe", b"\x0b"]
)
def test_what_is_no_tuple_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="no tuple"):
        unpack(key)


@given(st.binary(max_size=12))
def test_any_bytes_unpack_or_are_refused(key: bytes) -> None:
    try:
        unpack(key)
    except ValueError:
        assert readable(key) == repr(key)


def test_the_encoding_is_foundationdbs() -> None:
    assert pack(b"foo\0bar") == b"\x01foo\x00\xffbar\x00"
    assert pack("F\u00d4O\u0000bar") == b"\x02F\xc3\x94O\x00\xffbar\x00"
    assert pack(-5551212) == b"\x11\xabK\x93"


def test_keys_are_readable() -> None:
    assert readable(pack("a", "default", "counter", "alice", "kv", b"x\0", 7)) == (
        r"a/default/counter/alice/kv/b'x\x00'/7"
    )
    assert readable(pack("a", "b/c", "\n")) == r"a/'b/c'/'\n'"
    assert readable(b"\xffversion") == r"b'\xffversion'"

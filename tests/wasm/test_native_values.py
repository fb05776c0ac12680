"""Values on their way into the C library and out of it."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import GuestLimitExceeded
from kelpie.ids import Address, Payload, binary, text
from kelpie.wasm.library import VALUE_BYTES, Kind
from kelpie.wasm.marshalling import Marshalling, read_payload, read_text
from kelpie.wasm.native_values import Composer, decode, delete_value

PAYLOADS = st.one_of(st.text().map(text), st.binary().map(binary))


class Place:
    """Room for one value, which is freed at the end."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(VALUE_BYTES)
        self.address = ctypes.addressof(self._buffer)

    def __enter__(self) -> int:
        return self.address

    def __exit__(self, *_error: object) -> None:
        delete_value(self.address)


def through(value: bytes, composer: Composer) -> object:
    """What a composed value is, once the library has cloned it."""
    with Place() as address:
        composer.write(value, address)
        return decode(address)


@given(st.text())
def test_text(content: str) -> None:
    composer = Composer()
    assert through(composer.text(content.encode()), composer) == content


@given(st.binary(min_size=1))
def test_octets(content: bytes) -> None:
    composer = Composer()
    assert through(composer.octets(content), composer) == content


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (Kind.BOOL, [0, 1]),
        (Kind.U8, [0, 255]),
        (Kind.U32, [0, 2**32 - 1]),
        (Kind.U64, [0, 2**63, 2**64 - 1]),
    ],
)
def test_numbers(kind: Kind, numbers: list[int]) -> None:
    composer = Composer()
    for number in numbers:
        assert through(composer.number(kind, number), composer) == number


def compose(composer: Composer, shape: Any) -> tuple[bytes, object]:
    """A value of this shape, and what it should decode to."""
    match shape:
        case str():
            return composer.text(shape.encode()), shape
        case int():
            return composer.number(Kind.U64, shape), shape
        case ("option", inner):
            value, expected = compose(composer, inner) if inner is not None else (None, None)
            return composer.option(value), expected
        case ("variant", case, inner):
            value, expected = compose(composer, inner)
            return composer.variant(case.encode(), value), (case, expected)
        case ("result", ok, inner):
            value, expected = compose(composer, inner)
            return composer.result(ok=ok, value=value), (ok, expected)
        case list():
            pairs = [compose(composer, each) for each in shape]
            return composer.listing([value for value, _ in pairs]), tuple(e for _, e in pairs)
        case dict():
            made = {name: compose(composer, inner) for name, inner in shape.items()}
            fields = [(name.encode(), value) for name, (value, _) in made.items()]
            return composer.record(fields), {name: expected for name, (_, expected) in made.items()}
    raise AssertionError(shape)


SHAPES = st.recursive(
    st.text() | st.integers(0, 2**64 - 1),
    lambda inner: st.one_of(
        st.tuples(st.just("option"), st.none() | inner),
        st.tuples(st.just("variant"), st.text(), inner),
        st.tuples(st.just("result"), st.booleans(), inner),
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(), inner, max_size=4),
    ),
    max_leaves=8,
)


@given(SHAPES)
def test_nested_values(shape: Any) -> None:
    composer = Composer()
    value, expected = compose(composer, shape)
    assert through(value, composer) == expected


@given(st.tuples(*[st.text() for _ in range(3)]))
def test_addresses(parts: tuple[str, str, str]) -> None:
    composer = Composer()
    expected = dict(zip(("namespace", "kind", "key"), parts, strict=True))
    assert through(composer.address(Address(*parts)), composer) == expected


@given(st.none() | PAYLOADS)
def test_the_fast_way_writes_the_same_as_the_slow_one(payload: Payload | None) -> None:
    composer = Composer()
    slow = through(composer.option(composer.payload(payload) if payload else None), composer)
    with Place() as address:
        Marshalling(16).write_optional_payload(address, payload)
        assert decode(address) == slow


@given(PAYLOADS)
def test_the_fast_way_reads_what_the_slow_one_wrote(payload: Payload) -> None:
    composer = Composer()
    with Place() as address:
        composer.write(composer.payload(payload), address)
        assert read_payload(address, 1_000_000, "some_max", 1_000_000) == payload


@given(st.lists(st.tuples(st.text(max_size=4), PAYLOADS), min_size=1))
def test_arguments_are_of_this_turn_alone(turns: list[tuple[str, Payload]]) -> None:
    marshalling = Marshalling(16)
    for operation, argument in turns:
        marshalling.set_arguments(operation, argument)
        assert decode(marshalling.arguments_address) == operation
        inner = marshalling.arguments_address + VALUE_BYTES
        assert read_payload(inner, 1_000_000, "some_max", 1_000_000) == argument


@pytest.mark.parametrize("payload", [text("four"), binary(b"four")])
def test_a_payload_over_its_limit_is_not_read(payload: Payload) -> None:
    composer = Composer()
    with Place() as address:
        composer.write(composer.payload(payload), address)
        assert read_payload(address, 4, "some_max", 4) == payload
        with pytest.raises(GuestLimitExceeded) as over:
            read_payload(address, 3, "some_max", 4)
    assert over.value.details == {"limit": "some_max", "size": 4, "maximum": 3}


def test_text_over_its_limit_is_not_read() -> None:
    composer = Composer()
    with Place() as address:
        composer.write(composer.text(b"four"), address)
        assert read_text(address, 4, "some_max") == b"four"
        with pytest.raises(GuestLimitExceeded, match="some_max"):
            read_text(address, 3, "some_max")

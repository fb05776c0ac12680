"""Data segments that lie close together are joined; memory begins as it did."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import Engine, Instance, Module, Store

from kelpie.wasm.sections import number_at, sections
from tests.componentizer.driver import componentize
from tests.guests import made

PAGES = 4
FREE_FROM = 65_536 * 2
GAP_BYTES_MAX = 64
# Sections of a component, and of a module.
CORE_MODULE = 1
DATA = 11


def core_module_in(component: bytes) -> bytes:
    """The first core module in a component: the program's own."""
    return next(component[s.begin : s.end] for s in sections(component) if s.number == CORE_MODULE)


def memory_of(module: bytes) -> bytes:
    """What is in its memory once it is instantiated."""
    store = Store(Engine())
    instance = Instance(store, Module(store.engine, module), [])
    memory = instance.exports(store)["memory"]
    return bytes(memory.read(store, 0, memory.data_len(store)))


def segments_in(module: bytes) -> int:
    """How many data segments it has. A few are the pattern's own."""
    data = next(each for each in sections(module) if each.number == DATA)
    count, _ = number_at(module, data.begin, data.end)
    return count


def with_data(pieces: list[tuple[int, bytes]]) -> bytes:
    quoted = ((at, "".join(f"\\{byte:02x}" for byte in content)) for at, content in pieces)
    items = "\n".join(f'(data (i32.const {at}) "{content}")' for at, content in quoted)
    return made.core_module(items=items, pages=PAGES)


def spread(gaps: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Pieces one behind the other, each so far from the one before."""
    at, pieces = FREE_FROM, []
    for gap, content in gaps:
        at += gap
        pieces.append((at, content))
        at += len(content)
    return pieces


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 3 * GAP_BYTES_MAX), st.binary(max_size=40)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_memory_begins_as_it_did(gaps: list[tuple[int, bytes]], chance: object) -> None:
    pieces = spread(gaps)
    chance.shuffle(pieces)  # type: ignore[attr-defined]
    module = with_data(pieces)
    assert memory_of(core_module_in(componentize(module))) == memory_of(module)


def test_what_lies_close_together_becomes_one() -> None:
    few = segments_in(core_module_in(componentize(with_data([]))))
    module = with_data(spread([(GAP_BYTES_MAX, b"x")] * 1_000))
    assert segments_in(module) > 1_000
    assert segments_in(core_module_in(componentize(module))) <= few + 1
    apart = with_data(spread([(GAP_BYTES_MAX + 1, b"x")] * 100))
    assert segments_in(core_module_in(componentize(apart))) >= 100


@pytest.mark.parametrize(
    "items",
    [
        # The second is written over the first: their order counts.
        f'(data (i32.const {FREE_FROM}) "aaaa") (data (i32.const {FREE_FROM + 2}) "bb")',
        # Code names it by its number.
        f'(data (i32.const {FREE_FROM}) "a") (data $kept "bc") (func (data.drop $kept))',
        # Nobody knows yet where it lies.
        '(global $base i32 (i32.const 131072)) (data (offset (global.get $base)) "a")',
    ],
)
def test_what_the_program_could_tell_stays_as_it_is(items: str) -> None:
    module = made.core_module(items=items, pages=PAGES)
    inside = core_module_in(componentize(module))
    assert segments_in(inside) == segments_in(module)
    assert memory_of(inside) == memory_of(module)

"""What is taken out of a component is what its memory would have begun with."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import Engine, Instance, Module, Store, wat2wasm

from kelpie.errors import ComponentInvalid
from kelpie.wasm import image_taking
from kelpie.wasm.image_taking import IMAGE_BYTES_MIN, Taken, take_image
from kelpie.wasm.pages import PAGE_BYTES
from kelpie.wasm.sections import sections
from tests.wasm.support import COUNTER

MEMORY_BYTES = 65_536
BIG = f'(data (i32.const 4097) "{"x" * IMAGE_BYTES_MIN}")'


def component(*modules: str) -> bytes:
    """A component of these modules, each made once."""
    made = "".join(
        f"(core module $m{number} {each}) (core instance (instantiate $m{number}))"
        for number, each in enumerate(modules)
    )
    return bytes(wat2wasm(f"(component {made})"))


def modules_of(made: bytes) -> list[bytes]:
    return [made[each.begin : each.end] for each in sections(made) if each.number == 1]


def memory_of(module: bytes, taken: Taken | None = None) -> bytes:
    """What the memory of the module begins with; with what was taken put there first."""
    store = Store(Engine())
    memory = Instance(store, Module(store.engine, module), []).exports(store)["memory"]
    content = bytearray(memory.read(store))  # type: ignore[union-attr]
    if taken is not None:
        content[taken.begin : taken.begin + len(taken.content)] = taken.content
    return bytes(content)


segments = st.lists(
    st.tuples(
        st.sampled_from(["active", "active in 0", "passive"]),
        st.integers(0, MEMORY_BYTES - 40),
        st.binary(min_size=1, max_size=40),
    ),
    min_size=1,
    max_size=8,
)


def segment(kind: str, at: int, content: bytes) -> str:
    where = {
        "active": f"(i32.const {at})",
        "active in 0": f"(memory 0) (i32.const {at})",
        "passive": "",
    }[kind]
    quoted = "".join(f"\\{byte:02x}" for byte in content)
    return f'(data {where} "{quoted}")'


@given(segments)
def test_nothing_is_lost(given_segments: list[tuple[str, int, bytes]]) -> None:
    """Whether segments overlap, and whether others have no place."""
    text = '(memory (export "memory") 1)' + "".join(segment(*each) for each in given_segments)
    made = component(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_taking, "IMAGE_BYTES_MIN", 1)
        patch.setattr(image_taking, "_SPARSE_TIMES_MAX", MEMORY_BYTES)
        taken = take_image(made)
    (before,), (after,) = modules_of(made), modules_of(taken.component)
    active = [each for each in given_segments if each[0] != "passive"]
    assert bool(taken.content) == bool(active)
    if active:
        assert taken.memory_bytes == MEMORY_BYTES
        assert taken.begin % PAGE_BYTES == len(taken.content) % PAGE_BYTES == 0
        assert len(memory_of(after).strip(b"\0")) == 0
        assert memory_of(after, taken) == memory_of(before)


def test_much_data_is_taken() -> None:
    made = component(f"(memory 10) {BIG}")
    taken = take_image(made)
    assert (taken.memory_bytes, taken.begin) == (10 * 65_536, PAGE_BYTES)
    assert taken.content.strip(b"\0") == b"x" * IMAGE_BYTES_MIN
    assert len(taken.component) < 200


def test_a_memory_is_known_by_its_size() -> None:
    two = component(f"(memory 10) {BIG}", "(memory 11)")
    assert take_image(two).content
    alike = component(f"(memory 10) {BIG}", "(memory 10)")
    assert take_image(alike) == Taken(alike)


def test_data_of_other_memories_stays() -> None:
    made = component(f'(memory 10) (memory 1) {BIG} (data (memory 1) (i32.const 0) "other")')
    taken = take_image(made)
    assert b"xx" not in taken.component
    assert b"other" in taken.component


@pytest.mark.parametrize(
    "module",
    [
        pytest.param('(memory 10) (data (i32.const 0) "little")', id="little"),
        pytest.param(f'(memory 90) {BIG} (data (i32.const 5000000) "far")', id="scattered"),
        pytest.param(f'(memory 10) {BIG} (data (i32.const 655360) "no")', id="out-of-bounds"),
        pytest.param(f"(memory 1) {BIG}", id="too-large"),
        pytest.param(
            f'(import "a" "b" (global $g i32)) (memory 10) {BIG} (data (global.get $g) "?")',
            id="somewhere",
        ),
        pytest.param(f'(import "a" "b" (memory 1)) (memory 10) {BIG}', id="of-another"),
    ],
)
def test_where_it_is_not_certain_all_stays(module: str) -> None:
    made = bytes(wat2wasm(f"(component (core module {module}))"))
    assert take_image(made) == Taken(made)


def test_imports_of_other_kinds_are_passed_over() -> None:
    module = f"""
    (import "a" "f" (func (param i32)))
    (import "a" "t" (table 1 2 funcref))
    (import "a" "u" (table 1 externref))
    (import "a" "g" (global (mut i64)))
    (memory 10) {BIG}"""
    assert take_image(bytes(wat2wasm(f"(component (core module {module}))"))).content


def test_modules_of_inner_components_count() -> None:
    inner = f"(component (component (core module (memory 10) {BIG})))"
    taken = take_image(bytes(wat2wasm(inner)))
    assert taken.content
    assert len(taken.component) < 200
    deep = inner.replace("(component (core", "(component " * 9 + "(core", 1) + ")" * 8
    made = bytes(wat2wasm(deep))
    assert take_image(made) == Taken(made)


@given(st.integers(8, 5_000), st.binary(min_size=1, max_size=4))
def test_damage_is_told(at: int, instead: bytes) -> None:
    """And nothing else is raised, whatever comes."""
    wasm = bytearray(COUNTER.read_bytes())
    wasm[at : at + len(instead)] = instead
    with suppress(ComponentInvalid):
        take_image(bytes(wasm))

"""A component's allocator is not asked for memory that nobody wants."""

from __future__ import annotations

import pytest
from wasmtime import Engine, Instance, Module, Store, wat2wasm

from kelpie.wasm.sections import sections
from kelpie_actor_build.empty_blocks import without_empty_blocks

IMPORTS = """
  (import "a" "f" (func (param i32)))
  (import "a" "t" (table 1 2 funcref))
  (import "a" "m" (memory 1 2))
  (import "a" "g" (global (mut i32)))
  (import "a" "h" (func))"""
ALLOCATOR = """
  (memory 1)
  (func (export "free") (param i32) (local i32)
    (i32.store (i32.const 0) (i32.add (local.get 0) (i32.load (i32.const 0)))))
  (func (export "freed") (result i32) (i32.load (i32.const 0)))
  (func (export "other") (result i32) (i32.const 7))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i64 i32 i32)
    (i32.add (local.get 3) (i32.const 1000)))
  (func (export "last") (result i32) (i32.const 9))"""


def component(module: str) -> bytes:
    return bytes(wat2wasm(f"(component (core module {module}) (core module))"))


def first_module(made: bytes) -> bytes:
    each = next(each for each in sections(made) if each.number == 1)
    return made[each.begin : each.end]


def test_nothing_costs_nothing_and_all_else_is_as_it_was() -> None:
    made = without_empty_blocks(component(ALLOCATOR))
    store = Store(Engine())
    exports = Instance(store, Module(store.engine, first_module(made)), []).exports(store)
    allocate = exports["cabi_realloc"]
    assert allocate(store, 0, 0, 8, 0) == 8
    assert allocate(store, 0, 0, 1, 5) == 1_005
    assert allocate(store, 64, 5, 1, 0) == 1_000
    for place in (0, 1, 8, 40, 2):
        exports["free"](store, place)
    assert exports["freed"](store) == 40
    assert (exports["other"](store), exports["last"](store)) == (7, 9)


def test_the_allocator_is_found_behind_imports() -> None:
    before = component(IMPORTS + ALLOCATOR.replace("(memory 1)", ""))
    made = without_empty_blocks(before)
    assert made != before
    Module(Engine(), first_module(made))


@pytest.mark.parametrize(
    "module",
    [
        "",
        '(func (export "cabi_free") (param i32))',
        '(import "a" "cabi_realloc" (func $f)) (export "cabi_realloc" (func $f))',
        '(memory (export "cabi_realloc") 1)',
        ALLOCATOR.replace('"free"', '"unknown"'),
        ALLOCATOR.replace('"cabi_realloc"', '"unknown"'),
        '(tag (import "a" "b"))' + ALLOCATOR,
    ],
)
def test_what_has_no_such_allocator_stays_as_it_is(module: str) -> None:
    before = component(module)
    assert without_empty_blocks(before) == before


def test_what_is_no_component_stays_as_it_is() -> None:
    whole = component(ALLOCATOR)
    for damaged in (b"", whole[:-1], whole[:12] + b"\xff" * 8 + whole[20:]):
        assert without_empty_blocks(damaged) == damaged

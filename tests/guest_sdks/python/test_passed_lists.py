"""A component frees the bytes that it passed on."""

from __future__ import annotations

import pytest
from wasmtime import Engine, Instance, Module, Store, wat2wasm

from kelpie.wasm.sections import sections
from kelpie_actor_build.passed_lists import with_passed_lists_freed

# A runtime that copies a list to the place 1,000 + its type, 4 bytes long, but none of type 0,
# which has no place, and of type 1 a list of no bytes. What is to be freed it writes down.
RUNTIME = """
  (memory (export "memory") 1)
  (func (export "first") (result i32) (i32.const 7))
  (func (export "wit_dylib_pop_list") (param i32 i32 i32) (result i32)
    (i32.store (local.get 2)
      (select (i32.add (local.get 1) (i32.const 1000)) (i32.const 0) (local.get 1)))
    (select (i32.const 4) (i32.const 0) (i32.ne (local.get 1) (i32.const 1))))
  (func (export "wit_dylib_dealloc_bytes") (param i32 i32 i32 i32 i32)
    (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
    (i32.store (i32.const 104) (local.get 0))
    (i32.store (i32.const 108) (local.get 1))
    (i32.store (i32.const 112) (local.get 2))
    (i32.store (i32.const 116) (local.get 3))
    (i32.store (i32.const 120) (local.get 4)))
  (func (export "last") (result i32) (i32.const 9))"""
IMPORTS = """
  (import "a" "f" (func (param i32)))
  (import "a" "g" (global (mut i32)))"""

IMPORTED = """
  (import "a" "p" (func $p (param i32 i32 i32) (result i32)))
  (import "a" "d" (func $d (param i32 i32 i32 i32 i32)))
  (export "wit_dylib_pop_list" (func $p))
  (export "wit_dylib_dealloc_bytes" (func $d))
  (func)"""


def component(*modules: str) -> bytes:
    inner = "".join(f"(core module {module})" for module in modules)
    return bytes(wat2wasm(f"(component {inner})"))


def first_module(made: bytes) -> bytes:
    each = next(each for each in sections(made) if each.number == 1)
    return made[each.begin : each.end]


class Runtime:
    def __init__(self, made: bytes) -> None:
        self._store = Store(Engine())
        module = Module(self._store.engine, first_module(made))
        self.exports = Instance(self._store, module, []).exports(self._store)

    def call(self, name: str, *arguments: int) -> int:
        return self.exports[name](self._store, *arguments)

    def words(self, begin: int, count: int) -> list[int]:
        read = self.exports["memory"].read(self._store, begin, begin + 4 * count)
        return [int.from_bytes(read[at : at + 4], "little") for at in range(0, len(read), 4)]


def test_a_list_that_was_copied_is_freed_in_the_end() -> None:
    runtime = Runtime(with_passed_lists_freed(component(RUNTIME, "")))
    assert runtime.call("wit_dylib_pop_list", 5, 8, 40) == 4
    assert runtime.words(40, 1) == [1_008]
    # Once: of call 5, that place, 4 bytes at any place, in the end.
    assert runtime.words(100, 6) == [1, 5, 1_008, 4, 1, 1]
    assert (runtime.call("first"), runtime.call("last")) == (7, 9)


def test_a_list_of_no_bytes_is_freed_too() -> None:
    runtime = Runtime(with_passed_lists_freed(component(RUNTIME)))
    assert runtime.call("wit_dylib_pop_list", 5, 1, 40) == 0
    assert runtime.words(100, 6) == [1, 5, 1_001, 1, 1, 1]


def test_a_list_without_a_place_is_not_freed() -> None:
    runtime = Runtime(with_passed_lists_freed(component(RUNTIME)))
    assert runtime.call("wit_dylib_pop_list", 5, 0, 40) == 4
    assert runtime.words(100, 6) == [0] * 6


def test_the_functions_are_found_behind_imports() -> None:
    before = component("", IMPORTS + RUNTIME)
    made = with_passed_lists_freed(before)
    assert made != before
    for each in sections(made):
        Module(Engine(), made[each.begin : each.end])


@pytest.mark.parametrize(
    "modules",
    [
        ("",),
        (RUNTIME, RUNTIME),
        (RUNTIME.replace("pop_list", "pop_lists"),),
        (RUNTIME.replace("dealloc_bytes", "free"),),
        (RUNTIME.replace("(param i32 i32 i32 i32 i32)", "(param i32 i32 i32 i32 i32 i32)"),),
        ('(tag (import "a" "b"))' + RUNTIME,),
        (IMPORTED,),
    ],
)
def test_what_has_no_such_functions_stays_as_it_is(modules: tuple[str, ...]) -> None:
    before = component(*modules)
    assert with_passed_lists_freed(before) == before


def test_what_is_no_component_stays_as_it_is() -> None:
    whole = component(RUNTIME)
    for damaged in (b"", whole[:-1], whole[:12] + b"\xff" * 8 + whole[20:]):
        assert with_passed_lists_freed(damaged) == damaged

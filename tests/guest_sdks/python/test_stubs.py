"""The stubs of a component come into one order, and do what they did."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import Engine, wat2wasm
from wasmtime.component import Component

from kelpie_actor_build.stubs import in_order

CLOCK = {"now": "", "resolution": "(param i32) (result i64)"}
RANDOM = {"bytes": "(param i64 i32)", "": "(result f64)"}
EXIT = {"exit": "(param i32)"}
OTHER = '(core module $other (func (export "now") (drop (i32.const 1))))'


def stub(name: str, functions: dict[str, str]) -> str:
    made = "".join(
        f'(func (export "{each}") {kind} unreachable)' for each, kind in functions.items()
    )
    return f"(core module ${name} {made})"


def component(stubs: dict[str, dict[str, str]], uses: str = "", *, named: str = "") -> bytes:
    """A component with these stubs, in this order, each of which is taken from."""
    text = "".join(stub(name, functions) for name, functions in stubs.items()) + OTHER
    text += "(core instance $mine (instantiate $other))"
    text += "".join(f"(core instance $i{name} (instantiate ${name}))" for name in stubs)
    # Whoever uses them names them in an order of its own.
    for name in sorted(stubs):
        for function in sorted(stubs[name]):
            text += f'(alias core export $i{name} "{function}" (core func))'
    text += '(alias core export $mine "now" (core func))'
    return bytes(wat2wasm(f"(component {named} {text} {uses})"))


def shuffled(functions: dict[str, str]) -> list[dict[str, str]]:
    return [dict(each) for each in itertools.permutations(functions.items())]


def test_any_order_becomes_the_same() -> None:
    made = set()
    for clock, random in itertools.product(shuffled(CLOCK), shuffled(RANDOM)):
        stubs = {"clock": clock, "random": random, "exit": EXIT}
        for order in itertools.permutations(stubs.items()):
            ordered = in_order(component(dict(order), named="$named"))
            Component(Engine(), ordered)
            made.add(ordered)
    assert len(made) == 1
    (only,) = made
    assert in_order(only) == only
    assert b"component-name" not in only


def test_each_alias_is_still_of_the_same_function() -> None:
    """A function of another type would not fit where it is used."""
    fits = """
    (core module $user (import "" "exit" (func (param i32)))
        (import "" "now" (func)) (import "" "bytes" (func (param i64 i32))))
    (core instance $given (export "exit" (func $e)) (export "now" (func $n))
        (export "bytes" (func $b)))
    (core instance (instantiate $user (with "" (instance $given))))"""
    aliases = """
    (alias core export $iexit "exit" (core func $e))
    (alias core export $iclock "now" (core func $n))
    (alias core export $irandom "bytes" (core func $b))"""
    stubs = {"random": RANDOM, "exit": EXIT, "clock": CLOCK}
    for order in itertools.permutations(stubs.items()):
        Component(Engine(), in_order(component(dict(order), aliases + fits)))


@pytest.mark.parametrize(
    "uses",
    [
        pytest.param("(core instance (instantiate $clock))", id="made-twice"),
        pytest.param(
            '(core module $m (import "c" "now" (func)))'
            '(core instance (instantiate $m (with "c" (instance $iclock))))',
            id="given-as-a-whole",
        ),
        pytest.param('(export "clock" (core module $clock))', id="exported"),
        pytest.param(
            '(component $c (import "m" (core module)))'
            '(instance (instantiate $c (with "m" (core module $clock))))',
            id="given",
        ),
        pytest.param("(component (alias outer 1 $clock (core module)))", id="from-within"),
    ],
)
def test_what_is_used_in_another_way_stays(uses: str) -> None:
    made = component({"random": RANDOM, "clock": CLOCK}, uses)
    assert in_order(made) == made


@given(st.integers(8, 400), st.binary(min_size=1, max_size=4))
def test_damage_is_left_to_others(at: int, instead: bytes) -> None:
    damaged = bytearray(component({"random": RANDOM, "clock": CLOCK}))
    damaged[at : at + len(instead)] = instead
    in_order(bytes(damaged))

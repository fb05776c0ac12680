"""The guests that are made on demand are what they say."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from wasmtime import Engine, Trap, WasmtimeError
from wasmtime.component import Component

from tests.guests import made
from tests.guests.host import ROOT, Actor


def test_the_pattern_works() -> None:
    actor = Actor(made.component(manifest='{"doc": "ä\\n"}'))
    assert actor.invoke("anything", "x" * 100_000) == "ok"
    assert actor.invoke("anything", b"x") == "ok"
    assert actor.describe() == '{"doc": "ä\\n"}'


@pytest.mark.parametrize(
    "make",
    [
        made.of_another_version,
        made.of_another_world,
        made.without_handler,
        made.with_another_signature,
        made.importing_wasi,
        made.importing_http,
    ],
)
def test_components_to_be_refused_are_sound(make: Callable[[], bytes]) -> None:
    Component(Engine(), make())


def test_describe_that_is_not_json() -> None:
    assert Actor(made.describing("not JSON")).describe() == "not JSON"


@pytest.mark.parametrize("make", [made.describe_traps, made.describe_calls_host])
def test_describe_that_traps(make: Callable[[], bytes]) -> None:
    with pytest.raises((Trap, WasmtimeError)):
        Actor(make()).describe()


def test_describe_that_spins() -> None:
    with pytest.raises((Trap, WasmtimeError)):
        Actor(made.describe_spins(), fuel=1_000_000).describe()


@pytest.mark.parametrize("make", [made.start_traps, made.start_spins])
def test_start_that_fails(make: Callable[[], bytes]) -> None:
    with pytest.raises((Trap, WasmtimeError)):
        Actor(make(), fuel=1_000_000)


def test_memory_from_the_beginning() -> None:
    wasm = made.memory_hog(pages=1_000)
    assert Actor(wasm).invoke("run") == "ok"
    with pytest.raises(WasmtimeError, match="memory"):
        Actor(wasm, memory=1_000_000)


def test_table_that_grows_as_far_as_it_may() -> None:
    actor = Actor(made.table_hog())
    assert actor.invoke("run") == "ok"


@pytest.mark.parametrize(
    "make", [made.reply_outside_memory, made.reply_not_utf8, made.reply_of_no_kind]
)
def test_replies_that_are_none(make: Callable[[], bytes]) -> None:
    with pytest.raises((Trap, WasmtimeError)):
        Actor(make()).invoke("run")


def test_a_bomb_costs_more_than_its_size() -> None:
    def seconds_per_byte(wasm: bytes) -> float:
        began = time.perf_counter()
        Component(Engine(), wasm)
        return (time.perf_counter() - began) / len(wasm)

    ordinary = seconds_per_byte((ROOT / "tests" / "guests" / "ledger.wasm").read_bytes())
    assert seconds_per_byte(made.compile_bomb(5_000)) > 2 * ordinary

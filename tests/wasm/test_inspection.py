"""What an upload is, and every reason why it is no actor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.env.real import RealEnv
from kelpie.errors import (
    ComponentError,
    ComponentInvalid,
    ComponentRefused,
    ComponentTooCostly,
    ComponentTooLarge,
)
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.sections import encoded_number
from tests.guests import made
from tests.wasm.support import COUNTER, ROGUE, Workbench, turn

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another version": (made.of_another_version, "built against kelpie:actor@9.9.9"),
    "another world": (made.of_another_world, "does not export kelpie:actor/handler@0.1.0"),
    "no handler": (made.without_handler, "does not export kelpie:actor/handler@0.1.0"),
    "another signature": (made.with_another_signature, "does not fit the contract"),
    "describe traps": (made.describe_traps, "cannot describe itself: the actor crashed"),
    "describe spins": (made.describe_spins, "cannot describe itself: the turn "),
    "describe calls": (made.describe_calls_host, "a host call was made outside of a turn"),
    "start traps": (made.start_traps, "cannot describe itself: the actor crashed"),
    "start spins": (made.start_spins, "cannot describe itself: the turn "),
    "too much memory": (lambda: made.memory_hog(1_025), "cannot describe itself"),
    "no manifest": (lambda: made.describing("hello"), "the manifest is not JSON"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_no_actor_is_refused_with_the_reason(ticking: Workbench, why: str) -> None:
    guest, reason = REFUSED[why]
    wasm = guest()
    with pytest.raises(ComponentRefused) as refusal:
        await ticking.engine.load(wasm)
    reasons = refusal.value.details["reasons"]
    assert isinstance(reasons, list)
    assert any(reason in each for each in reasons), reasons
    inspection = await ticking.engine.inspect(wasm)
    # What spins runs out of fuel, or on a busy machine out of time.
    assert inspection.reasons == reasons or why.endswith("spins")
    assert any(reason in each for each in inspection.reasons), inspection.reasons


async def test_what_the_virtual_wasi_has_not_is_named_each(workbench: Workbench) -> None:
    with pytest.raises(ComponentRefused) as refusal:
        await workbench.engine.load(made.importing_http())
    assert refusal.value.details["reasons"] == [
        (
            "it imports wasi:http/outgoing-handler@0.2.6: an actor makes no requests of its own. "
            "With componentize-js (jco), build with `--disable http --disable fetch-event`"
        ),
        "it imports wasi:clocks/monotonic-clock@0.3.0: the virtual WASI is 0.2: build for wasip2",
        "it imports wasi:cli/exit@0.2.6: its leave is not in the virtual WASI",
    ]


async def test_every_reason_of_a_manifest_is_told(workbench: Workbench) -> None:
    manifest = '{"operations": [{"name": ""}, {"name": "a", "read_only": 1}, 3], "more": 1}'
    inspection = await workbench.engine.inspect(made.describing(manifest))
    assert len(inspection.reasons) == 4


async def test_an_actor_is_inspected(workbench: Workbench) -> None:
    inspection = await workbench.engine.inspect(COUNTER.read_bytes())
    assert inspection.reasons == []
    assert inspection.error() is None
    assert inspection.form == "component"
    assert inspection.sealed
    assert inspection.contract_version == "0.1.0"
    assert "kelpie:actor/state@0.1.0" in inspection.imports
    assert "kelpie:actor/handler@0.1.0" in inspection.exports
    assert inspection.manifest is not None
    assert inspection.manifest.operations["get"].read_only
    assert not inspection.manifest.operations["increment"].read_only


async def test_what_imports_wasi_is_not_sealed(workbench: Workbench) -> None:
    inspection = await workbench.engine.inspect(made.importing_wasi())
    assert not inspection.sealed
    assert inspection.reasons == []
    assert inspection.virtual_wasi == (
        "wasi:cli/environment@0.2.6",
        "wasi:clocks/monotonic-clock@0.2.6",
    )


async def test_a_core_module_becomes_an_actor(workbench: Workbench) -> None:
    module = made.core_module()
    assert (await workbench.engine.inspect(module)).form == "module"
    component = await workbench.engine.componentize(module)
    assert component == await workbench.engine.componentize(module)
    loaded = await workbench.engine.load(component)
    guest = await loaded.instantiate()
    assert (await guest.run(turn("run"))).reply == text("ok")
    guest.close()


async def test_a_component_is_taken_as_it_is(workbench: Workbench) -> None:
    wasm = COUNTER.read_bytes()
    assert await workbench.engine.componentize(wasm) is wasm


async def test_a_core_module_of_wasip1_gets_the_adapter(workbench: Workbench) -> None:
    yields = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))'
    inspection = await workbench.engine.inspect(made.core_module(imports=yields))
    assert inspection.reasons == []
    assert inspection.sealed
    assert inspection.imports == ("kelpie:actor/types@0.1.0",)


async def test_a_core_module_of_an_older_wasi_is_told_so(workbench: Workbench) -> None:
    yields = '(import "wasi_unstable" "sched_yield" (func (result i32)))'
    with pytest.raises(ComponentRefused) as refused:
        await workbench.engine.componentize(made.core_module(imports=yields))
    (reason,) = refused.value.details["reasons"]
    assert "wasi_unstable (sched_yield)" in reason
    assert "Build for wasip1" in reason


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (made.core_module(version="9.9.9"), "kelpie:actor/handler@9.9.9"),
        (made.core_module(imports='(import "env" "sleep" (func))'), "it imports env"),
        (b"\0asm\1\0\0\0", "failed to find export"),
    ],
    ids=["other version", "foreign import", "empty"],
)
async def test_a_core_module_that_is_no_actor_is_refused_with_the_reason(
    workbench: Workbench, module: bytes, reason: str
) -> None:
    with pytest.raises(ComponentRefused, match=reason):
        await workbench.engine.componentize(module)


def test_without_a_loop_it_is_the_same(env_of_no_loop: RealEnv, cache_directory: Path) -> None:
    engine = WasmEngine(env_of_no_loop, DEFAULT_LIMITS, cache_directory, epochs=True)
    loaded = engine.load_blocking(ROGUE.read_bytes())
    assert "echo" in loaded.manifest.operations
    assert engine.inspect_blocking(COUNTER.read_bytes()).reasons == []
    with pytest.raises(ComponentRefused, match="fuel"):
        engine.load_blocking(made.describe_spins())
    engine.close()


@pytest.fixture
def env_of_no_loop() -> RealEnv:
    """Of a loop that never runs again."""

    async def make() -> RealEnv:
        return RealEnv(lambda *_fault: None)

    return asyncio.run(make())


HEADERS = [b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"]


@pytest.mark.parametrize(
    "upload",
    [b"", b"\0", b"\0asm", b"(module)", b"PK\x03\x04", b"\x7fELF", *HEADERS],
    ids=["empty", "one byte", "magic", "text", "zip", "elf", "bare module", "bare component"],
)
async def test_what_is_no_webassembly(workbench: Workbench, upload: bytes) -> None:
    with pytest.raises((ComponentInvalid, ComponentRefused)):
        await workbench.engine.load(await workbench.engine.componentize(upload))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
async def test_truncated_components(workbench: Workbench, share: float) -> None:
    wasm = COUNTER.read_bytes()
    with pytest.raises(ComponentError):
        await workbench.engine.load(wasm[: int(len(wasm) * share)])


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(junk=st.binary(max_size=300), header=st.sampled_from(HEADERS))
def test_junk_is_refused_and_nothing_else_happens(
    engine_without_loop: WasmEngine, junk: bytes, header: bytes
) -> None:
    with pytest.raises(ComponentError):
        engine_without_loop.load_blocking(engine_without_loop.componentize_blocking(header + junk))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(8, 2_000), flip=st.integers(1, 255))
def test_a_flipped_byte_harms_nobody(engine_without_loop: WasmEngine, at: int, flip: int) -> None:
    wasm = bytearray(COUNTER.read_bytes())
    wasm[at] ^= flip
    with suppress(ComponentError):
        engine_without_loop.load_blocking(bytes(wasm))


@pytest.fixture
def engine_without_loop(env_of_no_loop: RealEnv, cache_directory: Path) -> Iterator[WasmEngine]:
    made = WasmEngine(env_of_no_loop, DEFAULT_LIMITS, cache_directory, epochs=False)
    yield made
    made.close()


def module_that_takes_seconds_to_read() -> bytes:
    """Of one function, that puts a number on the stack and drops it, over and over."""
    body = b"\0" + b"\x41\0\x1a" * 2_400_000 + b"\x0b"
    code = b"\1" + encoded_number(len(body)) + body
    types, functions = b"\1\4\1\x60\0\0", b"\3\2\1\0"
    return b"\0asm\1\0\0\0" + types + functions + b"\x0a" + encoded_number(len(code)) + code


async def test_reading_is_stopped_by_the_clock(env: RealEnv, cache_directory: Path) -> None:
    limits = replace(DEFAULT_LIMITS, componentize_ms_max=1)
    engine = WasmEngine(env, limits, cache_directory, epochs=False)
    upload = module_that_takes_seconds_to_read()
    for method in (engine.componentize, engine.inspect):
        with pytest.raises(ComponentTooCostly, match="more time than componentize_ms_max"):
            await method(upload)
    engine.close()


async def test_an_upload_over_the_limit(env: RealEnv, cache_directory: Path) -> None:
    limits = replace(DEFAULT_LIMITS, component_bytes_max=100)
    engine = WasmEngine(env, limits, cache_directory, epochs=False)
    for method in (engine.load, engine.componentize, engine.inspect):
        with pytest.raises(ComponentTooLarge, match="component_bytes_max"):
            await method(COUNTER.read_bytes())
    engine.close()


@pytest.mark.parametrize(
    ("limit", "bound"),
    [
        ("componentize_fuel_max", 100_000),
        ("componentize_memory_bytes_max", 2 * 2**20),
        ("componentize_memory_bytes_max", 6 * 2**20),
    ],
)
async def test_componentizing_has_limits(
    env: RealEnv, cache_directory: Path, limit: str, bound: int
) -> None:
    limits = replace(DEFAULT_LIMITS, **{limit: bound})
    engine = WasmEngine(env, limits, cache_directory, epochs=False)
    with pytest.raises(ComponentTooCostly, match=limit):
        await engine.componentize(made.core_module(items=f'(data "{"x" * 2**20}")'))
    engine.close()

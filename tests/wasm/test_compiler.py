"""Compilation in a child process: bounded, killable, and kept."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from kelpie.env.real import RealEnv
from kelpie.errors import ComponentInvalid, ComponentTooCostly, HostFault
from kelpie.limits import DEFAULT_LIMITS, MIB, Limits
from kelpie.wasm import compiler as compiler_module
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiled_form import code_bytes
from kelpie.wasm.compiled_parts import CompiledParts
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.image_taking import IMAGE_BYTES_MIN
from kelpie.wasm.sections import with_custom_section
from tests.compiled import PATIENT
from tests.guests import made
from tests.wasm.support import COUNTER

CONFIGURATION = Configuration.of(DEFAULT_LIMITS, epochs=False)


def compiler(directory: Path | None, limits: Limits = DEFAULT_LIMITS) -> Compiler:
    return Compiler(CONFIGURATION, limits, CompiledCache(directory, 100 * MIB))


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """It compiles for longer than any of these tests waits."""
    return made.compile_bomb(30_000)


def test_a_component_is_compiled_once(tmp_path: Path) -> None:
    wasm = COUNTER.read_bytes()
    first = compiler(tmp_path).compile(wasm)
    (entry,) = tmp_path.iterdir()
    before = entry.stat().st_ino
    assert compiler(tmp_path).compile(wasm) == first
    (entry,) = tmp_path.iterdir()
    assert entry.stat().st_ino == before


def interpreted(program: bytes, code: str = "") -> bytes:
    """A component that brings a program as data, a script for trials, and this code."""
    data = program.ljust(IMAGE_BYTES_MIN, b".").decode()
    module = f'(core module (memory 10) (data (i32.const 0) "{data}") (func {code}))'
    return with_custom_section(bytes(wat2wasm(f"(component {module})")), "script", program)


def kept(directory: Path) -> list[str]:
    return sorted(each.name.split("-")[1] for each in directory.iterdir())


def test_the_same_code_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiler(tmp_path).compile(interpreted(b"first"))
    assert kept(tmp_path) == ["code", "guest"]
    orders = spy_on_orders(monkeypatch)
    second = compiler(tmp_path).compile(interpreted(b"second"))
    assert kept(tmp_path) == ["code", "guest", "guest"]
    assert len(orders) == 1
    assert (b"first..." in first, b"second.." in second, b"first..." in second) == (1, 1, 0)
    assert first[: code_bytes(first)] == second[: code_bytes(second)] != b""
    assert compiler(tmp_path).compile(interpreted(b"second")) == second
    assert len(orders) == 1, "it is all there"
    compiler(tmp_path).compile(interpreted(b"second", "(drop (i32.const 1))"))
    assert kept(tmp_path) == ["code", "code", "guest", "guest", "guest"]


def test_code_of_others_is_found(tmp_path: Path) -> None:
    shared = CompiledCache(tmp_path / "shared", 100 * MIB)
    first = compiler(tmp_path / "shared").compile(interpreted(b"first"))
    own = CompiledCache(tmp_path / "own", 100 * MIB)
    both = Compiler(CONFIGURATION, DEFAULT_LIMITS, own, shared)
    assert both.compile(interpreted(b"first")) == first
    both.compile(interpreted(b"second"))
    # All that it needs is its own, in case that the others lose theirs.
    assert kept(tmp_path / "own") == ["code", "guest", "guest"]


def test_code_that_is_lost_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiler(tmp_path).compile(interpreted(b"first"))
    (code,) = tmp_path.glob("*-code-*")
    code.unlink()
    assert compiler(tmp_path).compile(interpreted(b"first")) == first
    assert kept(tmp_path) == ["code", "guest"]

    def known_but_gone(parts: CompiledParts) -> list[str]:
        found = CompiledCache.names(parts._cache, parts._ending)
        code.unlink()
        return [name.partition("-")[0] for name in found]

    monkeypatch.setattr(CompiledParts, "known", known_but_gone)
    orders = spy_on_orders(monkeypatch)
    second = compiler(tmp_path).compile(interpreted(b"second"))
    assert first[: code_bytes(first)] == second[: code_bytes(second)]
    assert [len(each["known"]) for each in orders] == [1, 0]


def test_what_is_forgotten_is_forgotten_with_its_code(tmp_path: Path) -> None:
    wasm = interpreted(b"first")
    compiler(tmp_path).compile(wasm)
    compiler(tmp_path).forget(wasm)
    assert kept(tmp_path) == []


def spy_on_orders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What compilers are asked for from now on."""
    orders: list[Any] = []
    start = compiler_module._start

    def started(order: str) -> subprocess.Popen[bytes]:
        orders.append(json.loads(order))
        return start(order)

    monkeypatch.setattr(compiler_module, "_start", started)
    return orders


def test_another_configuration_has_another_entry(tmp_path: Path) -> None:
    wasm = COUNTER.read_bytes()
    names = {
        Compiler(
            Configuration.of(DEFAULT_LIMITS, epochs=epochs),
            DEFAULT_LIMITS,
            CompiledCache(tmp_path, 1),
        ).name(wasm, tool=tool)
        for epochs in (False, True)
        for tool in (False, True)
    }
    assert len(names) == 4


def test_what_the_engine_refuses(tmp_path: Path) -> None:
    with pytest.raises(ComponentInvalid, match="engine refuses"):
        compiler(tmp_path).compile(b"\0asm\x0d\0\x01\0 and no more")
    assert not list(tmp_path.iterdir())


def test_a_bomb_is_stopped_by_the_clock(bomb: bytes) -> None:
    limits = replace(DEFAULT_LIMITS, component_compile_ms_max=700)
    with pytest.raises(ComponentTooCostly, match="component_compile_ms_max"):
        compiler(None, limits).compile(bomb)


def test_memory_of_the_compiler_is_bounded(bomb: bytes) -> None:
    limits = replace(PATIENT, component_compile_memory_bytes_max=400 * MIB)
    with pytest.raises(ComponentTooCostly, match="memory"):
        compiler(None, limits).compile(bomb)


def test_a_compiled_form_that_is_too_large() -> None:
    limits = replace(DEFAULT_LIMITS, component_compiled_bytes_max=1_000)
    with pytest.raises(ComponentTooCostly, match="component_compiled_bytes_max"):
        compiler(None, limits).compile(COUNTER.read_bytes())


async def test_the_loop_goes_on_while_a_bomb_compiles(
    env: RealEnv, cache_directory: Path, bomb: bytes
) -> None:
    limits = replace(DEFAULT_LIMITS, component_compile_ms_max=1_500)
    engine = WasmEngine(env, limits, cache_directory, epochs=False)
    load = asyncio.create_task(engine.load(bomb))
    passes = 0
    while not load.done():
        await asyncio.sleep(0.01)
        passes += 1
    with pytest.raises(ComponentTooCostly):
        await load
    assert passes > 10
    engine.close()


async def test_closing_the_engine_ends_its_compilations(
    env: RealEnv, cache_directory: Path, bomb: bytes
) -> None:
    engine = WasmEngine(env, DEFAULT_LIMITS, cache_directory, epochs=False)
    load = asyncio.create_task(engine.load(bomb))
    while not engine.compilations:
        await asyncio.sleep(0.01)
    engine.close()
    with pytest.raises(HostFault, match="closed"):
        await load


_STOPPED_BY_GROUP = """
import os, pathlib, signal, sys, threading, time
from tests.wasm.test_compiler import compiler, replace, DEFAULT_LIMITS
signal.signal(signal.SIGTERM, lambda *_: None)
bomb = pathlib.Path(sys.argv[1]).read_bytes()
made = compiler(None, replace(DEFAULT_LIMITS, component_compile_ms_max=1_500))
def compile():
    try:
        made.compile(bomb)
    except Exception as error:
        print(type(error).__name__)
thread = threading.Thread(target=compile)
thread.start()
while not made.running:
    time.sleep(0.01)
os.killpg(0, signal.SIGTERM)
thread.join()
"""


def test_a_signal_to_the_hosts_group_does_not_end_a_compilation(
    tmp_path: Path, bomb: bytes
) -> None:
    path = tmp_path / "bomb.wasm"
    path.write_bytes(bomb)
    ended = subprocess.run(
        [sys.executable, "-c", _STOPPED_BY_GROUP, path],
        start_new_session=True,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ended.stdout.decode().split() == ["ComponentTooCostly"]

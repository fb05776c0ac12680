"""Runs the built componentizer with wasmtime's public layer, one instance a job.

This is the ABI in use; host/kelpie/componentizer/README.md has it in words.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from wasmtime import Engine, Instance, Module, Store, Trap

from kelpie.wasm.library import WASMTIME_VERSION
from tests.compiled import COMPONENTIZER, kept

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = (ROOT / "wit" / "actor.wit").read_text()


class RefusedError(Exception):
    """The componentizer refused its input; the message is its own."""


class CrashedError(Exception):
    """The componentizer trapped; the message is what it said before."""


@functools.cache
def compiled() -> tuple[Engine, Module]:
    engine = Engine()
    wasm = COMPONENTIZER.read_bytes()
    name = f"{hashlib.sha256(wasm).hexdigest()}-public-{WASMTIME_VERSION.replace('.', '-')}"
    with kept() as cache:
        form = cache.get_or_make(name, lambda: bytes(Module(engine, wasm).serialize()))
    return engine, Module.deserialize(engine, form)


def componentize(module: bytes, wit: str | bytes = CONTRACT, adapter: bytes = b"") -> bytes:
    return _run("componentize", module, _encoded(wit), adapter)


def inspect(binary: bytes, wit: str | bytes = "") -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_run("inspect", binary, _encoded(wit)))
    return report


def _encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _run(name: str, *inputs: bytes) -> bytes:
    engine, module = compiled()
    store = Store(engine)
    exports = Instance(store, module, []).exports(store)
    memory = exports["memory"]
    arguments = []
    for content in inputs:
        pointer = exports["alloc"](store, len(content)) & 0xFFFF_FFFF
        assert pointer != 0
        memory.write(store, content, pointer)
        arguments += [pointer, len(content)]

    def output() -> bytes:
        start = exports["out_ptr"](store) & 0xFFFF_FFFF
        return bytes(memory.read(store, start, start + exports["out_len"](store)))

    try:
        refused = exports[name](store, *arguments)
    except Trap as trap:
        raise CrashedError(output().decode() or str(trap)) from trap
    if refused:
        raise RefusedError(output().decode())
    return output()

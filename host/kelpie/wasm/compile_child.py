"""The compiler's process: reads WebAssembly, writes its compiled form, ends.

It runs at low priority under limits of its own on processor time and memory,
and its parent kills it when it takes too long. So a module that compiles for
ever, or for all the memory there is, harms nobody.

The order is a JSON object, the one argument. WebAssembly comes on stdin; the
compiled form goes to stdout, without its code where that is `known`. Exit status 1: the
reason is on stderr.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys

from wasmtime import Config, Engine, Module, WasmtimeError
from wasmtime.component import Component

from kelpie.errors import ComponentInvalid
from kelpie.wasm.compiled_form import pack, source_of
from kelpie.wasm.configuration import Configuration, tool_config
from kelpie.wasm.image_taking import Taken, take_image
from kelpie.wasm.library import ADDRESS

__all__ = ["INVALID", "main"]

INVALID = 1
_NICENESS = 10


def main() -> int:
    order = json.loads(sys.argv[1])
    _restrain(order["cpu_seconds_max"], order["memory_bytes_max"])
    wasm = sys.stdin.buffer.read()
    try:
        compiled = _compile(order, wasm)
    except WasmtimeError as error:
        sys.stderr.write(str(error))
        return INVALID
    sys.stdout.buffer.write(compiled)
    sys.stdout.buffer.flush()
    return 0


def _compile(order: dict[str, object], wasm: bytes) -> bytes:
    if order["tool"]:
        return bytes(Module(Engine(tool_config()), wasm).serialize())
    config = Config()
    address = ctypes.cast(config.ptr(), ADDRESS).value
    assert address is not None
    Configuration(**order["configuration"]).apply(address)  # type: ignore[arg-type]
    try:
        taken = take_image(wasm)
    except ComponentInvalid:
        # The engine says what is wrong with it.
        taken = Taken(wasm)
    if source_of(taken) in order["known"]:  # type: ignore[operator]
        return pack(b"", taken)
    return pack(bytes(Component(Engine(config), taken.component).serialize()), taken)


def _restrain(cpu_seconds_max: int, memory_bytes_max: int) -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds_max, cpu_seconds_max + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())

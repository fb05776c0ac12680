"""The componentizer: WebAssembly of our own that reads other people's.

It turns core modules into components and reports on both. It runs in an engine
of its own, under limits of fuel, time and memory: whatever an upload does to it stays
in there. Its functions are described in `kelpie/componentizer/README.md`.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from wasmtime import Engine, Instance, Module, Store, Trap, TrapCode, WasmtimeError

from kelpie.errors import ComponentInvalid, ComponentTooCostly, HostFault
from kelpie.limits import Limits
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.configuration import tool_config

__all__ = ["TICK_MS", "Componentizer"]

_PACKAGE = files("kelpie")
_WORD_MASK = 0xFFFF_FFFF
TICK_MS = 20
"""Between two ticks, by which jobs know how long they have been at it."""


class Componentizer:
    """Runs the componentizer. Blocks; may be used from any one thread at a time."""

    def __init__(self, compiler: Compiler, limits: Limits) -> None:
        self._compiler = compiler
        self._limits = limits
        self._loaded: tuple[Engine, Module] | None = None
        self._wasm = (_PACKAGE / "componentizer" / "componentizer.wasm").read_bytes()
        self._adapter = (_PACKAGE / "componentizer" / "wasip1.wasm").read_bytes()
        self._contract = (_PACKAGE / "wasm" / "actor.wit").read_bytes()
        self.fingerprint = hashlib.sha256(self._wasm + self._contract).hexdigest()[:16]
        """Names what a report depends on, besides what it is about."""

    def tick(self) -> None:
        """To be called every `TICK_MS`, from whatever thread, while there may be jobs: one
        that takes longer than `componentize_ms_max` is stopped. Without it none is."""
        if self._loaded is not None:
            self._loaded[0].increment_epoch()

    def componentize(self, module: bytes) -> bytes:
        """The component made of a core module. One that was built for wasip1 gets
        the adapter with it.

        Raises:
            ComponentInvalid: it cannot be made into one; the message says why.
            ComponentTooCostly: it took too much.
        """
        return self._run("componentize", module, self._contract, self._adapter)

    def inspect(self, binary: bytes) -> bytes:
        """A report on a module or component, as JSON.

        Raises:
            ComponentInvalid: it is neither, or not valid; the message says why.
            ComponentTooCostly: it took too much.
        """
        return self._run("inspect", binary, self._contract)

    def _run(self, job: str, *inputs: bytes) -> bytes:
        engine, module = self._loaded or self._load()
        store = Store(engine)
        try:
            store.set_fuel(self._limits.componentize_fuel_max)
            store.set_epoch_deadline(1 + self._limits.componentize_ms_max // TICK_MS)
            store.set_limits(memory_size=self._limits.componentize_memory_bytes_max)
            return self._run_in(store, module, job, inputs)
        finally:
            store.close()

    def _run_in(self, store: Store, module: Module, job: str, inputs: tuple[bytes, ...]) -> bytes:
        exports: Any = Instance(store, module, []).exports(store)
        memory = exports["memory"]

        def output() -> bytes:
            begin = exports["out_ptr"](store) & _WORD_MASK
            return bytes(memory.read(store, begin, begin + exports["out_len"](store)))

        arguments: list[int] = []
        try:
            for content in inputs:
                begin = exports["alloc"](store, len(content)) & _WORD_MASK
                if not begin:
                    raise self._too_costly("memory", "componentize_memory_bytes_max")
                memory.write(store, content, begin)
                arguments += (begin, len(content))
            refused = exports[job](store, *arguments)
        except (Trap, WasmtimeError) as trap:
            if store.get_fuel() == 0:
                raise self._too_costly("fuel", "componentize_fuel_max") from trap
            if isinstance(trap, Trap) and trap.trap_code is TrapCode.INTERRUPT:
                raise self._too_costly("time", "componentize_ms_max") from trap
            # If it panicked it said why; memory and stack run out without a word.
            said = output().decode(errors="replace")
            if said:
                raise ComponentInvalid(f"it cannot be read: {said}") from trap
            if "call stack exhausted" in str(trap):
                raise ComponentInvalid("it cannot be read: it is nested too deep") from trap
            raise self._too_costly("memory", "componentize_memory_bytes_max") from trap
        if refused:
            raise ComponentInvalid(output().decode(errors="replace"))
        return output()

    def _load(self) -> tuple[Engine, Module]:
        wasm = self._wasm
        engine = Engine(tool_config())
        for _ in range(2):
            try:
                module = Module.deserialize(engine, self._compiler.compile(wasm, tool=True))
            except WasmtimeError:
                # Made by another build of the engine under the same name.
                self._compiler.forget(wasm, tool=True)
            else:
                self._loaded = engine, module
                return self._loaded
        raise HostFault("the engine cannot load what it compiled: the componentizer")

    def _too_costly(self, what: str, limit: str) -> ComponentTooCostly:
        maximum = getattr(self._limits, limit)
        return ComponentTooCostly(
            f"reading it took more {what} than {limit} allows ({maximum:,})", limit=limit
        )

"""From an upload to code in memory: everything that blocks on the way."""

from __future__ import annotations

import ctypes
import hashlib
from weakref import WeakValueDictionary

from kelpie.errors import ComponentInvalid, HostFault
from kelpie.limits import Limits
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiled_form import code_bytes, image_of
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.component import ActorCode
from kelpie.wasm.componentizer import Componentizer
from kelpie.wasm.errors import take_message
from kelpie.wasm.handles import CompiledComponent, NativeEngine
from kelpie.wasm.inspection import Inspection, check_upload, read_report, refused_module
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, release

__all__ = ["Loader"]

_deserialize = release("wasmtime_component_deserialize", ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS)


class Loader:
    """Componentizes, inspects and compiles. Blocks; may be used from any thread."""

    def __init__(
        self, engine: NativeEngine, compiler: Compiler, cache: CompiledCache, limits: Limits
    ) -> None:
        self._engine = engine
        self._compiler = compiler
        self._cache = cache
        self._limits = limits
        self._componentizer = Componentizer(compiler, limits)
        self.loaded: WeakValueDictionary[str, ActorCode] = WeakValueDictionary()
        """What was found fit to run and is in use, by digest."""

    def tick(self) -> None:
        """See `Componentizer.tick`."""
        self._componentizer.tick()

    @property
    def compilations(self) -> int:
        """How many compilations are in progress."""
        return self._compiler.running

    def componentize(self, upload: bytes) -> bytes:
        """See `kelpie.wasm.turn.Engine`."""
        component = self.component_of(upload)
        if isinstance(component, Inspection):
            refused = component.error()
            assert refused is not None, "a refused module has a reason"
            raise refused
        return component

    def component_of(self, upload: bytes) -> bytes | Inspection:
        """The component that an upload is, or that can be made of it; else what is
        wrong with the core module that it is.

        Raises:
            ComponentError: it is not even WebAssembly, or too large or costly.
        """
        if check_upload(upload, self._limits) == "component":
            return upload
        try:
            return self._componentizer.componentize(upload)
        except ComponentInvalid as error:
            # A damaged module is found out here; a sound one is told all that is wrong with it.
            report = self._componentizer.inspect(upload)
            digest = hashlib.sha256(upload).hexdigest()
            return refused_module(report, digest, len(upload), error.message)

    def prepare(self, wasm: bytes, report: bytes = b"") -> tuple[Inspection, ActorCode | None]:
        """Inspects a component, and compiles it if nothing is wrong with it so far.
        With the report of an earlier inspection it needs no tool of ours to do so.

        Raises:
            ComponentError: it is not even WebAssembly, or too large or costly.
            HostFault: the compiler or the cache fails.
        """
        check_upload(wasm, self._limits)
        digest = hashlib.sha256(wasm).hexdigest()
        fingerprint = self._componentizer.fingerprint
        # Of another version of the tool, or of the contract, it says nothing.
        found = (
            report.removeprefix(mark) if report.startswith(mark := fingerprint.encode()) else b""
        )
        if not found:
            found = self._cache.get_or_make(
                f"{digest}-report-{fingerprint}", lambda: self._componentizer.inspect(wasm)
            )
        inspection = read_report(found, digest, len(wasm))
        if inspection.reasons:
            return inspection, None
        code = ActorCode(
            self._compiled(wasm), digest, inspection.imports, batches=inspection.batches
        )
        if len(found) <= self._limits.component_report_bytes_max:
            code.report = mark + found
        return inspection, code

    def close(self) -> None:
        self._compiler.close()

    def _compiled(self, wasm: bytes) -> CompiledComponent:
        complaint = ""
        for _ in range(2):
            compiled = self._compiler.compile(wasm)
            made = ctypes.c_void_p()
            error = _deserialize(
                self._engine.address, compiled, code_bytes(compiled), ctypes.addressof(made)
            )
            if not error:
                return CompiledComponent(made.value, image_of(compiled))
            # Made by another build of the engine under the same name.
            complaint = take_message(error)
            self._compiler.forget(wasm)
        raise HostFault(f"the engine cannot load what it compiled: {complaint}")

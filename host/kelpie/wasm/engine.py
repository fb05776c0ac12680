"""The engine: inspects and compiles components, and makes guests of them."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from kelpie.env import Env, ThreadedEnv
from kelpie.errors import ActorError, HostFault
from kelpie.limits import Limits
from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.errors import take_message
from kelpie.wasm.handles import CompiledComponent, NativeEngine
from kelpie.wasm.inspection import Inspection, check_upload, form_of, read_report
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, hold, release
from kelpie.wasm.linking import Current, Imports
from kelpie.wasm.manifest import ManifestInvalid, parse_manifest
from kelpie.wasm.marshalling import Marshalling
from kelpie.wasm.memories import LinearMemories
from kelpie.wasm.native_guest import Workshop
from kelpie.wasm.slow_lane import SlowLane
from kelpie.wasm.ticker import Ticker
from kelpie.wasm.tool import Componentizer

__all__ = ["WasmEngine"]

Result = TypeVar("Result")

_new_engine = hold("wasm_engine_new_with_config", ADDRESS, ADDRESS)
_deserialize = release("wasmtime_component_deserialize", ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS)


class WasmEngine:
    """Compiles components and makes their guests. See `kelpie.wasm.turn.Engine`.

    With `epochs` (production) guests are interrupted by the clock, so that none
    holds up the loop; `env` must be a ThreadedEnv then. Without (simulation)
    nothing depends on time or threads, and fuel alone ends a guest that spins.

    Methods named `_blocking` need no running loop.
    """

    def __init__(
        self, env: Env, limits: Limits, cache_directory: Path | None, *, epochs: bool
    ) -> None:
        configuration = Configuration.of(limits, epochs=epochs)
        self._env = env
        self._limits = limits
        self._cache = CompiledCache(cache_directory, limits.compiled_cache_bytes_max)
        self._compiler = Compiler(configuration, limits, self._cache)
        self._componentizer = Componentizer(self._compiler, limits)
        self._loads = asyncio.Semaphore(limits.component_loads_max)

        config = configuration.native()
        memories = LinearMemories()
        memories.install(config.address)
        engine = NativeEngine(_new_engine(config.give_away()), keeps=memories)
        self._ticker: Ticker | None = None
        if epochs:
            self._ticker = Ticker(cast("ThreadedEnv", env), engine, limits.guest_tick_ms)
        marshalling = Marshalling(limits.operation_name_bytes_max)
        current = Current()
        self._workshop = Workshop(
            env=env,
            limits=limits,
            ticker=self._ticker,
            hold_interpreter=self._ticker is None or not self._ticker.needs_interpreter,
            engine=engine,
            memories=memories,
            marshalling=marshalling,
            current=current,
            imports=Imports(engine, current, marshalling),
            slow_lane=SlowLane(env),
        )

    @property
    def instances(self) -> int:
        """How many linear memories of guests there are: at least one for each guest."""
        return self._workshop.memories.live

    @property
    def compilations(self) -> int:
        """How many compilations are in progress."""
        return self._compiler.running

    async def componentize(self, upload: bytes) -> bytes:
        async with self._loads:
            return await self._env.blocking(self.componentize_blocking, upload)

    async def load(self, wasm: bytes) -> LoadedComponent:
        async with self._loads:
            inspection, component = await self._env.blocking(self._prepare, wasm)
            if component is not None:
                await self._describe(component, inspection, yields=True)
        return _accepted(inspection, component)

    async def inspect(self, upload: bytes) -> Inspection:
        """What an upload is, and every reason why it is no actor.

        Raises:
            ComponentTooLarge, ComponentInvalid, ComponentTooCostly: it could not
                even be looked at.
        """
        component = await self.componentize(upload)
        async with self._loads:
            inspection, loaded = await self._env.blocking(self._prepare, component)
            if loaded is not None:
                await self._describe(loaded, inspection, yields=True)
                loaded.close()
        return _as_uploaded(inspection, upload)

    def componentize_blocking(self, upload: bytes) -> bytes:
        """See `componentize`."""
        if check_upload(upload, self._limits) == "component":
            return upload
        return self._componentizer.componentize(upload)

    def load_blocking(self, wasm: bytes) -> LoadedComponent:
        """See `load`."""
        inspection, component = self._prepare(wasm)
        if component is not None:
            _finish_now(self._describe(component, inspection, yields=False))
        return _accepted(inspection, component)

    def inspect_blocking(self, upload: bytes) -> Inspection:
        """See `inspect`."""
        inspection, loaded = self._prepare(self.componentize_blocking(upload))
        if loaded is not None:
            _finish_now(self._describe(loaded, inspection, yields=False))
            loaded.close()
        return _as_uploaded(inspection, upload)

    def close(self) -> None:
        """Stops the clock and ends compilations. Guests should be closed before."""
        if self._ticker is not None:
            self._ticker.stop()
        self._compiler.close()
        workshop = self._workshop
        workshop.imports.close()
        workshop.engine.close()
        workshop.memories.close()

    def _prepare(self, wasm: bytes) -> tuple[Inspection, LoadedComponent | None]:
        """Inspects a component, and compiles it if nothing is wrong with it so far."""
        inspection = self._look_at(wasm)
        if inspection.reasons:
            return inspection, None
        compiled = self._compiled(wasm)
        return inspection, LoadedComponent(
            self._workshop, compiled, inspection.digest, inspection.imports
        )

    def _look_at(self, wasm: bytes) -> Inspection:
        check_upload(wasm, self._limits)
        digest = hashlib.sha256(wasm).hexdigest()
        name = f"{digest}-report-{self._componentizer.fingerprint}"
        report = self._cache.get_or_make(name, lambda: self._componentizer.inspect(wasm))
        return read_report(report, digest, len(wasm))

    def _compiled(self, wasm: bytes) -> CompiledComponent:
        complaint = ""
        for _ in range(2):
            compiled = self._compiler.compile(wasm)
            made = ctypes.c_void_p()
            error = _deserialize(
                self._workshop.engine.address, compiled, len(compiled), ctypes.addressof(made)
            )
            if not error:
                return CompiledComponent(made.value)
            # Made by another build of the engine under the same name.
            complaint = take_message(error)
            self._compiler.forget(wasm)
        raise HostFault(f"the engine cannot load what it compiled: {complaint}")

    async def _describe(
        self, component: LoadedComponent, inspection: Inspection, *, yields: bool
    ) -> None:
        try:
            text = await component.describe(yields=yields)
            component.manifest = parse_manifest(text, self._limits)
            inspection.manifest = component.manifest
        except ActorError as error:
            inspection.reasons.append(f"it cannot describe itself: {error}")
        except ManifestInvalid as error:
            inspection.reasons += error.reasons


def _accepted(inspection: Inspection, component: LoadedComponent | None) -> LoadedComponent:
    error = inspection.error()
    if error is not None:
        if component is not None:
            component.close()
        raise error
    assert component is not None, "without a reason against it there is a component"
    return component


def _as_uploaded(inspection: Inspection, upload: bytes) -> Inspection:
    """Of a module it was the component made of it that was looked at."""
    inspection.form = form_of(upload)
    return inspection


def _finish_now(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs what never has to wait."""
    try:
        work.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    work.close()
    raise HostFault("something waited, where nothing can")

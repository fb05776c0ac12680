"""The engine: inspects and compiles components, and makes guests of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from kelpie.env import Env, ThreadedEnv
from kelpie.errors import ActorError, HostFault
from kelpie.limits import Limits
from kelpie.wasm.cache import CompiledCache, Trouble, do_without, refuse
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.component import ActorCode, LoadedComponent
from kelpie.wasm.componentizer import TICK_MS
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.current import Current
from kelpie.wasm.handles import NativeEngine
from kelpie.wasm.inspection import Inspection, form_of
from kelpie.wasm.library import ADDRESS, hold
from kelpie.wasm.linking import Imports
from kelpie.wasm.loader import Loader
from kelpie.wasm.manifest import ManifestInvalid, parse_manifest
from kelpie.wasm.marshalling import Marshalling
from kelpie.wasm.memories import LinearMemories
from kelpie.wasm.outside import Outside
from kelpie.wasm.slow_lane import SlowLane
from kelpie.wasm.stacks import FiberStacks
from kelpie.wasm.ticker import Ticker
from kelpie.wasm.workshop import Workshop

__all__ = ["WasmEngine"]

Result = TypeVar("Result")

_new_engine = hold("wasm_engine_new_with_config", ADDRESS, ADDRESS)


class WasmEngine:
    """Compiles components and makes their guests. See `kelpie.wasm.turn.Engine`.

    With `epochs` (production) guests are interrupted by the clock, so that none
    holds up the loop; `env` must be a ThreadedEnv then. Without (simulation)
    nothing depends on time or threads, and fuel alone ends a guest that spins.

    What was loaded and is still in use is not loaded again: `load` of the same
    bytes then answers at once. Methods named `_blocking` need no running loop.
    """

    def __init__(
        self,
        env: Env,
        limits: Limits,
        cache_directory: Path | None,
        *,
        epochs: bool,
        shared_directory: Path | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        """`shared_directory` is a cache that may be shared with other engines, and be lost.
        Compiled tools of our own are kept there; without it they are in the other one.
        Components are looked for there, but not put there. If the cache cannot be used,
        `trouble` is told, and it is done without; without a `trouble` that is an error."""
        configuration = Configuration.of(limits, epochs=epochs)
        maximum = limits.compiled_cache_bytes_max
        cache = CompiledCache(cache_directory, maximum, trouble=trouble or refuse)
        config = configuration.native()
        memories = LinearMemories()
        memories.install(config.address)
        stacks = FiberStacks(configuration.fiber_stack_bytes)
        stacks.install(config.address)
        engine = NativeEngine(_new_engine(config.give_away()), keeps=(memories, stacks))
        ticker = None
        if epochs:
            ticker = Ticker(cast("ThreadedEnv", env), engine, limits.guest_tick_ms)
        marshalling = Marshalling(limits.operation_name_bytes_max)
        current = Current()
        shared = cache
        if shared_directory is not None:
            shared = CompiledCache(shared_directory, maximum, trouble=do_without)
        compiler = Compiler(configuration, limits, cache, shared)
        self._loader = Loader(engine, compiler, cache, limits)
        self._loads = asyncio.Semaphore(limits.component_loads_max)
        self._workshop = Workshop(
            env=env,
            limits=limits,
            ticker=ticker,
            hold_interpreter=ticker is None or not ticker.needs_interpreter,
            engine=engine,
            memories=memories,
            stacks=stacks,
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
        return self._loader.compilations

    async def componentize(self, upload: bytes) -> bytes:
        async with self._loads:
            return await self._blocking(self._loader.componentize, upload)

    async def load(self, wasm: bytes, report: bytes = b"") -> LoadedComponent:
        known = self._known(wasm)
        if known is not None:
            return known
        async with self._loads:
            inspection, code = await self._blocking(self._loader.prepare, wasm, report)
            await self._describe(code, inspection, yields=True)
        return self._accept(inspection, code)

    async def inspect(self, upload: bytes) -> Inspection:
        """What an upload is, and every reason why it is no actor.

        Raises:
            ComponentTooLarge, ComponentInvalid, ComponentTooCostly: it could not
                even be looked at.
        """
        async with self._loads:
            component = await self._blocking(self._loader.component_of, upload)
            if isinstance(component, Inspection):
                return component
            inspection, code = await self._blocking(self._loader.prepare, component)
            await self._describe(code, inspection, yields=True)
        return _as_uploaded(inspection, upload)

    def componentize_blocking(self, upload: bytes) -> bytes:
        """See `componentize`."""
        return self._loader.componentize(upload)

    def load_blocking(self, wasm: bytes) -> LoadedComponent:
        """See `load`."""
        known = self._known(wasm)
        if known is not None:
            return known
        inspection, code = self._loader.prepare(wasm)
        _finish_now(self._describe(code, inspection, yields=False))
        return self._accept(inspection, code)

    def inspect_blocking(self, upload: bytes) -> Inspection:
        """See `inspect`."""
        component = self._loader.component_of(upload)
        if isinstance(component, Inspection):
            return component
        inspection, code = self._loader.prepare(component)
        _finish_now(self._describe(code, inspection, yields=False))
        return _as_uploaded(inspection, upload)

    def close(self) -> None:
        """Stops the clock and ends compilations. Guests should be closed before."""
        workshop = self._workshop
        if workshop.ticker is not None:
            workshop.ticker.stop()
        self._loader.close()
        workshop.imports.close()
        workshop.engine.close()
        workshop.memories.close()
        workshop.stacks.close()

    async def _blocking(self, job: Callable[..., Result], *arguments: object) -> Result:
        """Has the loader do something, and the clock watch it meanwhile."""
        clock = self._workshop.env.spawn(self._tick(), "clock of the componentizer")
        try:
            return await self._workshop.env.blocking(job, *arguments)
        finally:
            clock.cancel()

    async def _tick(self) -> None:
        while True:
            await self._workshop.env.sleep(TICK_MS)
            self._loader.tick()

    def _known(self, wasm: bytes) -> LoadedComponent | None:
        code = self._loader.loaded.get(hashlib.sha256(wasm).hexdigest())
        return LoadedComponent(self._workshop, code) if code is not None else None

    async def _describe(
        self, code: ActorCode | None, inspection: Inspection, *, yields: bool
    ) -> None:
        """Asks a component for its manifest, if it got so far."""
        if code is None:
            return
        component = LoadedComponent(self._workshop, code)
        outside = Outside.of(self._workshop.limits)
        try:
            described = await component.describe(outside, yields=yields)
            manifest = parse_manifest(described.text, self._workshop.limits)
            code.manifest = inspection.manifest = manifest
        except ActorError as error:
            inspection.reasons.append(f"it cannot describe itself: {error}{outside.last_words()}")
        except ManifestInvalid as error:
            inspection.reasons += error.reasons

    def _accept(self, inspection: Inspection, code: ActorCode | None) -> LoadedComponent:
        error = inspection.error()
        if error is not None:
            raise error
        assert code is not None, "without a reason against it there is code"
        # Of two that were loaded at once the first stays: they are the same.
        code = self._loader.loaded.setdefault(code.digest, code)
        return LoadedComponent(self._workshop, code)


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

"""The engine: compiles components, and makes guests of them."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path

from kelpie.env import Env
from kelpie.errors import ComponentInvalid
from kelpie.limits import Limits
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.contract import HANDLER
from kelpie.wasm.errors import take_message
from kelpie.wasm.handles import CompiledComponent, ExportIndex, NativeEngine
from kelpie.wasm.instance import Instance, Workshop
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, hold, release
from kelpie.wasm.linking import Current, Imports
from kelpie.wasm.marshalling import Marshalling
from kelpie.wasm.memories import LinearMemories
from kelpie.wasm.slow_lane import SlowLane
from kelpie.wasm.turn import Manifest

__all__ = ["LoadedComponent", "WasmEngine"]

_new_engine = hold("wasm_engine_new_with_config", ADDRESS, ADDRESS)
_compile = release("wasmtime_component_new", ADDRESS, ADDRESS, BYTES, SIZE, ADDRESS)
_export_index = hold("wasmtime_component_get_export_index", ADDRESS, ADDRESS, ADDRESS, BYTES, SIZE)


class LoadedComponent:
    """A component, ready to make instances of. See `kelpie.wasm.turn.Component`."""

    def __init__(
        self, workshop: Workshop, digest: str, compiled: CompiledComponent, manifest: Manifest
    ) -> None:
        self._workshop = workshop
        self._compiled = compiled
        self.digest = digest
        self.manifest = manifest
        self.imports: tuple[str, ...] = ()
        handler = ExportIndex(_find(compiled, None, HANDLER))
        self._invoke = ExportIndex(_find(compiled, handler, "invoke"))
        self._describe = ExportIndex(_find(compiled, handler, "describe"))

    async def instantiate(self) -> Instance:
        instance = Instance(self._workshop)
        await instance.start(self._compiled.address, self._invoke.address)
        return instance


def _find(compiled: CompiledComponent, within: ExportIndex | None, name: str) -> int | None:
    encoded = name.encode()
    found: int | None = _export_index(
        compiled.address, within.address if within else None, encoded, len(encoded)
    )
    return found


class WasmEngine:
    """Compiles components and makes their guests. See `kelpie.wasm.turn.Engine`."""

    def __init__(
        self, env: Env, limits: Limits, cache_directory: Path | None, *, epochs: bool
    ) -> None:
        configuration = Configuration.of(limits, epochs=epochs)
        config = configuration.native()
        memories = LinearMemories()
        memories.install(config.address)
        engine = NativeEngine(_new_engine(config.give_away()))
        marshalling = Marshalling(limits.operation_name_bytes_max)
        current = Current()
        self._workshop = Workshop(
            env=env,
            limits=limits,
            epochs=epochs,
            engine=engine,
            memories=memories,
            marshalling=marshalling,
            current=current,
            imports=Imports(engine, current, marshalling),
            slow_lane=SlowLane(env),
        )

    def load_blocking(self, wasm: bytes) -> LoadedComponent:
        made = ctypes.c_void_p()
        error = _compile(self._workshop.engine.address, wasm, len(wasm), ctypes.addressof(made))
        if error:
            raise ComponentInvalid(take_message(error))
        return LoadedComponent(
            self._workshop,
            hashlib.sha256(wasm).hexdigest(),
            CompiledComponent(made.value),
            Manifest("", {}),
        )

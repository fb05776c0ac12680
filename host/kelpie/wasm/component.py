"""A component that was inspected and compiled."""

from __future__ import annotations

from kelpie.wasm.contract import HANDLER
from kelpie.wasm.handles import CompiledComponent, ExportIndex
from kelpie.wasm.instance import Instance
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, hold
from kelpie.wasm.native_guest import Workshop
from kelpie.wasm.turn import Manifest

__all__ = ["LoadedComponent"]

_export_index = hold("wasmtime_component_get_export_index", ADDRESS, ADDRESS, ADDRESS, BYTES, SIZE)


class LoadedComponent:
    """Ready to make instances of. See `kelpie.wasm.turn.Component`."""

    def __init__(
        self,
        workshop: Workshop,
        compiled: CompiledComponent,
        digest: str,
        imports: tuple[str, ...],
    ) -> None:
        self._workshop = workshop
        self._compiled = compiled
        self.digest = digest
        self.imports = imports
        self.manifest = Manifest("", {})
        """What `describe` said: set once, before anyone else sees the component."""
        handler = self._find(None, HANDLER)
        self._invoke = self._find(handler, "invoke")
        self._describe = self._find(handler, "describe")

    async def instantiate(self) -> Instance:
        instance = Instance(self._workshop)
        await instance.start(self._compiled.address, self._invoke.address)
        return instance

    async def describe(self, *, yields: bool) -> str:
        """What the component says of itself, in an instance of its own.

        Raises:
            ActorError: it failed, at the start or then.
        """
        instance = Instance(self._workshop, yields=yields)
        try:
            await instance.start(self._compiled.address, self._invoke.address)
            return await instance.describe(self._describe.address)
        finally:
            instance.close()

    def close(self) -> None:
        """Lets go of the compiled form. Instances made of it live on."""
        for handle in (self._invoke, self._describe, self._compiled):
            handle.close()

    def _find(self, within: ExportIndex | None, name: str) -> ExportIndex:
        encoded = name.encode()
        inside = within.address if within is not None else None
        return ExportIndex(_export_index(self._compiled.address, inside, encoded, len(encoded)))

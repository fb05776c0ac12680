"""A component that was inspected and compiled."""

from __future__ import annotations

from kelpie.wasm.contract import BATCH, HANDLER
from kelpie.wasm.handles import CompiledComponent, ExportIndex
from kelpie.wasm.instance import Instance
from kelpie.wasm.library import ADDRESS, BYTES, SIZE, hold
from kelpie.wasm.outside import Outside
from kelpie.wasm.slow_lane import Pace
from kelpie.wasm.turn import Description, Manifest
from kelpie.wasm.workshop import Workshop

__all__ = ["ActorCode", "LoadedComponent"]

_export_index = hold("wasmtime_component_get_export_index", ADDRESS, ADDRESS, ADDRESS, BYTES, SIZE)


class ActorCode:
    """What there is of a component in memory: its compiled form and its manifest.

    It goes when nobody uses it any more; instances made of it live on.
    """

    __slots__ = (
        "__weakref__",
        "batch",
        "begins_in_turn",
        "compiled",
        "describe",
        "digest",
        "imports",
        "invoke",
        "manifest",
        "pace",
        "report",
    )

    def __init__(
        self,
        compiled: CompiledComponent,
        digest: str,
        imports: tuple[str, ...],
        *,
        batches: bool,
    ) -> None:
        self.compiled = compiled
        self.digest = digest
        self.imports = imports
        self.report = b""
        self.pace = Pace()
        self.manifest = Manifest("", {})
        """Set once it was asked, before anyone else sees it."""
        self.begins_in_turn = False
        """Whether an instance asks something of the host as it begins: then its
        first turn makes it, and answers. Set with the manifest."""
        handler = self._find(None, HANDLER)
        self.invoke = self._find(handler, "invoke")
        self.describe = self._find(handler, "describe")
        self.batch: ExportIndex | None = None
        if batches:
            self.batch = self._find(self._find(None, BATCH), "invoke-batch")

    def _find(self, within: ExportIndex | None, name: str) -> ExportIndex:
        encoded = name.encode()
        inside = within.address if within is not None else None
        return ExportIndex(_export_index(self.compiled.address, inside, encoded, len(encoded)))


class LoadedComponent:
    """Ready to make instances of. See `kelpie.wasm.turn.Component`."""

    __slots__ = ("_workshop", "code")

    def __init__(self, workshop: Workshop, code: ActorCode) -> None:
        self._workshop = workshop
        self.code = code

    @property
    def digest(self) -> str:
        return self.code.digest

    @property
    def manifest(self) -> Manifest:
        return self.code.manifest

    @property
    def report(self) -> bytes:
        return self.code.report

    @property
    def imports(self) -> tuple[str, ...]:
        return self.code.imports

    @property
    def batches(self) -> bool:
        return self.code.batch is not None

    async def instantiate(self) -> Instance:
        code = self.code
        instance = Instance(self._workshop, code.pace)
        await instance.start(code.compiled, code.invoke, code.batch, in_turn=code.begins_in_turn)
        return instance

    async def describe(self, outside: Outside | None = None, *, yields: bool = True) -> Description:
        """See `kelpie.wasm.turn.Component`. Without `yields` it never waits. What
        it does meanwhile is collected in `outside`."""
        outside = outside or Outside.of(self._workshop.limits)
        code = self.code
        instance = Instance(self._workshop, Pace(), yields=yields)
        try:
            return await instance.describe(code.compiled, code.describe.address, outside)
        finally:
            code.begins_in_turn = outside.asked
            instance.close()

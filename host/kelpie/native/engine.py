"""An engine of classes, and of components besides."""

from __future__ import annotations

from kelpie.env import Env
from kelpie.errors import ComponentRefused
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.native.component import NativeComponent, is_native
from kelpie.wasm.turn import Component, Engine

__all__ = ["NativeEngine"]


class NativeEngine:
    """See `kelpie.wasm.turn.Engine`.

    What `upload_of` gives for a class is deployed like a component. A class must be
    given to the engine of each process that runs its actors: the store has only its
    name, and the digest of its source.
    """

    def __init__(
        self, env: Env, beside: Engine | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """`beside` is the engine of components; None: there are none."""
        self._env = env
        self._beside = beside
        self._limits = limits
        self._known: dict[bytes, NativeComponent] = {}

    def upload_of(self, actor: type) -> bytes:
        """What to deploy for a class that is an actor.

        Raises:
            DeclarationError: it is none.
            ComponentRefused: what it says of itself is no manifest.
        """
        component = NativeComponent(actor, self._limits, self._env)
        self._known[component.wasm] = component
        return component.wasm

    async def componentize(self, upload: bytes) -> bytes:
        if is_native(upload):
            return upload
        return await self._other().componentize(upload)

    async def load(self, wasm: bytes, report: bytes = b"") -> Component:
        if not is_native(wasm):
            return await self._other().load(wasm, report)
        found = self._known.get(wasm)
        if found is None:
            raise _refused(
                "it names a native actor that this process does not have, or has with other "
                "source: give the class to the engine, and deploy it"
            )
        return found

    def close(self) -> None:
        if self._beside is not None:
            self._beside.close()

    def _other(self) -> Engine:
        if self._beside is None:
            raise _refused("this engine runs native actors alone")
        return self._beside


def _refused(why: str) -> ComponentRefused:
    return ComponentRefused(why, reasons=[why], imports=[])

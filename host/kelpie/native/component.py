"""A class of this process, as the runtime has components."""

from __future__ import annotations

import inspect
import json
from hashlib import sha256

from kelpie.env import Env
from kelpie.errors import ComponentRefused
from kelpie.limits import Limits
from kelpie.native.guest import NativeGuest
from kelpie.wasm.manifest import ManifestInvalid, parse_manifest
from kelpie.wasm.sections import custom_section, with_custom_section
from kelpie.wasm.turn import Description
from kelpie_actor.declaration import actor_type_of
from kelpie_actor.dispatcher import describe

__all__ = ["NativeComponent", "is_native"]

SECTION = "kelpie:native"
# A component with nothing in it: to a host without native actors it is a file like any
# other, and no actor.
_EMPTY = b"\0asm\x0d\0\x01\0"


def is_native(wasm: bytes) -> bool:
    """Whether these bytes only name a class."""
    return custom_section(wasm, SECTION) is not None


class NativeComponent:
    """See `kelpie.wasm.turn.Component`. Its bytes name the class and have the digest of
    its source: with other source it is another version."""

    def __init__(
        self, actor: type, limits: Limits, env: Env | None = None, more: bytes = b""
    ) -> None:
        """`env`: None for what is not to be run. `more` are sections that make another
        version of it.

        Raises:
            DeclarationError: the class is no actor.
            ComponentRefused: what it says of itself is no manifest.
        """
        self._kind = actor_type_of(actor)
        self._limits = limits
        self._env = env
        self.name = f"{actor.__module__}.{actor.__qualname__}"
        told = {"class": self.name, "source": sha256(_source(actor)).hexdigest()}
        self.wasm = with_custom_section(_EMPTY, SECTION, json.dumps(told).encode()) + more
        self.digest = sha256(self.wasm).hexdigest()
        self._description = describe(self._kind)
        try:
            self.manifest = parse_manifest(self._description, limits)
        except ManifestInvalid as error:
            raise ComponentRefused(str(error), reasons=error.reasons, imports=[]) from error
        self.imports = ("native",)
        self.report = b""
        self.batches = True

    async def describe(self, *, yields: bool = True) -> Description:  # noqa: ARG002
        return Description(self._description, 0)

    async def instantiate(self) -> NativeGuest:
        assert self._env is not None, "it was not made to be run"
        return NativeGuest(self._env, self._kind, self._limits)


def _source(actor: type) -> bytes:
    """Of the module, for a class seldom stands alone. Of one that was made where there
    is no file, what it says of itself."""
    try:
        module = inspect.getmodule(actor)
        return inspect.getsource(module if module is not None else actor).encode()
    except (OSError, TypeError):
        return describe(actor_type_of(actor)).encode()

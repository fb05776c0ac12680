"""Classes of this process among the actors of a run. A module of its own: who simulates
components alone need not have what native actors do (`kelpie[native]`)."""

from __future__ import annotations

from kelpie.native.component import NativeComponent
from kelpie.sim.engine import Foundry, with_no_meaning

__all__ = ["add_native"]


def add_native(foundry: Foundry, actor: type) -> bytes:
    """What to simulate for a class that is an actor, in the place of a component.

    Raises:
        DeclarationError: the class is no actor.
        ComponentRefused: what it says of itself is no manifest.
    """
    one = NativeComponent(actor, foundry.limits, foundry.env)
    other = NativeComponent(actor, foundry.limits, foundry.env, with_no_meaning(b""))
    foundry.add(one.wasm, one, other.wasm, other)
    return one.wasm

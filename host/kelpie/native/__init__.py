"""Actors that are plain Python classes of this process: for tests and glue.

They run under the same runtime as components: turns, commits, journal, simulator.
But nothing seals them. They see all that the process sees, nothing bounds their time
and memory, and a bug of one is a bug of the host. So there are none unless a program
makes a `NativeEngine`; `kelpie serve` has none.

engine      takes classes, and leaves components to another engine
component   one class
guest       one instance of it, and its turns
host_calls  what the SDK asks for, answered as components are
waiting     a plain method waits where a component would
"""

from __future__ import annotations

from kelpie.native.engine import NativeEngine

__all__ = ["NativeEngine"]

"""What an engine has for its guests."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.env import Env
from kelpie.limits import Limits
from kelpie.wasm.current import Current
from kelpie.wasm.handles import NativeEngine
from kelpie.wasm.linking import Imports
from kelpie.wasm.marshalling import Marshalling
from kelpie.wasm.memories import LinearMemories
from kelpie.wasm.slow_lane import SlowLane
from kelpie.wasm.stacks import FiberStacks
from kelpie.wasm.ticker import Ticker

__all__ = ["Workshop"]


@dataclass(slots=True)
class Workshop:
    """What the guests of one engine share."""

    env: Env
    limits: Limits
    ticker: Ticker | None
    """What interrupts guests; None: nothing does."""
    hold_interpreter: bool
    """Whether a guest's first slice may run with the interpreter lock held."""
    engine: NativeEngine
    memories: LinearMemories
    stacks: FiberStacks
    marshalling: Marshalling
    current: Current
    imports: Imports
    slow_lane: SlowLane

"""A node with a durable operation, and how it crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kelpie.ids import Payload, text
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host, Script
from tests.runtime.scripts import append, read
from tests.runtime.support import TestNode

__all__ = ["Stops", "crashed", "in_flight", "rounds", "started", "until"]

LIMITS = {"durable_retry_ms": 1, "durable_sweep_ms": 5}


class Stops:
    """Where durable turns of a test stop until it lets them go on."""

    def __init__(self) -> None:
        self.at: set[str] = set()
        self.reached: list[str] = []
        """All places that turns came to, in order."""
        self._go: dict[str, asyncio.Event] = {}

    async def reach(self, place: str) -> None:
        self.reached.append(place)
        if place in self.at:
            await self._go.setdefault(place, asyncio.Event()).wait()

    def pass_all(self) -> None:
        self.at.clear()
        for each in self._go.values():
            each.set()


def rounds(stops: Stops) -> Script:
    """Has each of the actors that are named append an `x`, in turn, and keeps what
    they said. Before each call, and at the end, it stops at the place `caller/number`."""

    async def script(host: Host) -> Payload:
        names = host.turn.argument.data.decode().split()
        caller = host.turn.address.key
        said = []
        for number, name in enumerate(names, 1):
            await stops.reach(f"{caller}/{number}")
            answer = await host.call(name, "append", "x")
            said.append(answer.data.decode() if isinstance(answer, Payload) else answer.case)
        await stops.reach(f"{caller}/end")
        before = host.state.data if host.state is not None else b""
        host.save(text(before + b"[" + ",".join(said).encode() + b"]"))
        return text(",".join(said))

    return script


async def started(
    scripted: StartScripted, stops: Stops, scripts: dict[str, Script] | None = None, **limits: int
) -> TestNode:
    """A node with the durable operation `rounds`."""
    every: dict[str, Script] = {"append": append, "read": read, "rounds": rounds(stops)}
    every |= scripts or {}
    durable = {"rounds", *(name for name in scripts or {} if name.startswith("durable"))}
    return await scripted(every, read_only={"read"}, durable=durable, **{**LIMITS, **limits})


async def crashed(
    scripted: StartScripted,
    node: TestNode,
    stops: Stops,
    scripts: dict[str, Script] | None = None,
    **limits: int,
) -> TestNode:
    """The next incarnation of a node: of this one nothing is committed any more."""
    following = await started(scripted, stops, scripts, **limits)
    assert following.runtime.node.incarnation > node.runtime.node.incarnation
    return following


async def until(condition: Callable[[], object]) -> None:
    """Waits until it is so."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


async def in_flight(node: TestNode) -> list[tuple[str, str, int]]:
    """Actor, operation and calls of all turns in flight."""
    page = await node.runtime.turns.page("default", None, None, 100)
    return [(found.key, each.operation, each.calls) for found, each in page.turns]

"""Nodes over one memory store, and how tests talk to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kelpie.env.real import RealEnv
from kelpie.errors import KelpieError
from kelpie.ids import Address, Payload, text
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.envelope import DELETION, Envelope, deletion
from kelpie.store.memory import MemoryClient, MemoryStore
from kelpie.store.witness import Witness
from kelpie.wasm.turn import Engine
from tests.runtime.link import ScriptedLink
from tests.runtime.scripted import ScriptedComponent, ScriptedEngine

__all__ = ["COUNTER", "LEDGER", "SteeredEnv", "TestNode", "World", "address", "outcome"]

ROOT = Path(__file__).resolve().parents[2]
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"

DEADLINE_MS = 60_000


class SteeredEnv(RealEnv):
    """The real Env, with clocks that a test can move. Timers keep real time."""

    def __init__(self, on_fault: Callable[[str, BaseException | None], object]) -> None:
        super().__init__(on_fault)
        self.ahead_ms = 0
        self.wall_ahead_ms = 0

    def monotonic_ns(self) -> int:
        return RealEnv.monotonic_ns() + self.ahead_ms * 1_000_000

    def wall_ns(self) -> int:
        return RealEnv.wall_ns() + self.wall_ahead_ms * 1_000_000


def address(key: str = "one", kind: str = "thing") -> Address:
    return Address("default", kind, key)


class TestNode:
    """One incarnation of a node, and a client of it."""

    __test__ = False

    def __init__(
        self,
        env: SteeredEnv,
        link: ScriptedLink,
        store: MemoryStore,
        engine: Engine,
        limits: Limits,
        name: str,
        faults: list[tuple[str, BaseException | None]],
    ) -> None:
        self.faults = faults
        """What the Env was told of; whoever expects some takes them out."""
        self.env = env
        self.link = link
        self.client = MemoryClient(store, link)
        self.limits = limits
        self.engine = engine
        self.runtime = Runtime(env, self.client, engine, limits, name)

    @property
    def component(self) -> ScriptedComponent:
        """The scripted component of the kind `thing`."""
        assert isinstance(self.engine, ScriptedEngine)
        return self.engine.components["thing"]

    def envelope(
        self,
        operation: str,
        argument: str | bytes | Payload = "",
        *,
        key: str = "one",
        kind: str = "thing",
        id: str | None = None,  # noqa: A002 - what it is called everywhere
        principal: str = "anonymous",
        deadline_ms: float = DEADLINE_MS,
        is_batch: bool = False,
    ) -> Envelope:
        return Envelope(
            address(key, kind),
            operation,
            argument if isinstance(argument, Payload) else text(argument),
            id or self.env.new_id(),
            principal,
            id is not None,
            self.env.monotonic_ns() + int(deadline_ms * 1_000_000),
            is_batch=is_batch,
        )

    def delete(self, witness: Witness | None = None, **more: Any) -> Asked:
        """Starts the deletion of an actor."""
        given = self.envelope(DELETION, **more)
        asked = deletion(
            given.target,
            given.request_id,
            given.principal,
            recorded=given.recorded,
            deadline_ns=given.deadline_ns,
            witness=witness,
        )
        return asyncio.get_running_loop().create_task(self.runtime.invoke(asked))

    def ask(self, operation: str, argument: str | bytes | Payload = "", **more: Any) -> Asked:
        """Starts a request; what comes of it is awaited later."""
        work = self.runtime.invoke(self.envelope(operation, argument, **more))
        return asyncio.get_running_loop().create_task(work)

    async def get(self, operation: str, argument: str | bytes | Payload = "", **more: Any) -> str:
        """Asks, and waits for the reply, which is text."""
        reply = await self.ask(operation, argument, **more)
        assert reply.is_text
        return reply.data.decode()

    async def value(self, operation: str, argument: Any = None, **more: Any) -> Any:
        """Asks with JSON, and waits for the reply, which is JSON."""
        return json.loads(await self.get(operation, json.dumps(argument), **more))


Asked = asyncio.Task[Payload]


async def outcome(asked: Asked) -> str:
    """The reply, or the code of the error."""
    try:
        return (await asked).data.decode()
    except KelpieError as error:
        return error.code


async def settle(turns: int = 20) -> None:
    """Lets everything run that needs no outside event."""
    for _ in range(turns):
        await asyncio.sleep(0)


class World:
    """One store, and the nodes on it."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, BaseException | None]] = []
        self.env = SteeredEnv(lambda what, error: self.faults.append((what, error)))
        self.store = MemoryStore(self.env)
        self.nodes: list[TestNode] = []

    def make(self, engine: Engine, limits: Limits, name: str = "local") -> TestNode:
        link = ScriptedLink(self.store, self.env)
        node = TestNode(self.env, link, self.store, engine, limits, name, self.faults)
        self.nodes.append(node)
        return node

    async def start(self, engine: Engine, limits: Limits, name: str = "local") -> TestNode:
        node = self.make(engine, limits, name)
        await node.runtime.start()
        return node

    async def close(self) -> None:
        """Ends everything, and checks that nothing is left over."""
        for node in self.nodes:
            node.link.release()
            node.link.fates.clear()
            await node.runtime.drain()
            assert node.runtime.outstanding == 0, "a request was never answered"
        self.env.close()

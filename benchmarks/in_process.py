"""A whole host in this process, without HTTP: what `serve` runs, on a fresh data directory."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kelpie.cli.serve import tune_collector
from kelpie.env.real import RealEnv, run
from kelpie.errors import StoreStopped
from kelpie.ids import Address, Payload, text
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.envelope import Envelope
from kelpie.store.sqlite import open_store
from kelpie.wasm.engine import WasmEngine

__all__ = ["COUNTER", "KIND", "NAMESPACE", "InProcess", "with_host"]

COUNTER = Path(__file__).parents[1] / "examples" / "rust-counter" / "counter.wasm"
NAMESPACE = "default"
KIND = "counter"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class InProcess:
    """A started runtime with the counter deployed."""

    env: RealEnv
    engine: WasmEngine
    runtime: Runtime

    async def count(self, key: str) -> int:
        """Increments, and reads the new count out of the reply."""
        value: int = json.loads((await self.increment(key)).data)["value"]
        return value

    async def increment(self, key: str) -> Payload:
        """One durable turn, from the mailbox to the committed effects."""
        return await self._turn(KIND, key, "increment", text(""))

    async def turn(self, kind: str, key: str, operation: str, argument: str = "") -> Payload:
        """The same of another kind."""
        return await self._turn(kind, key, operation, text(argument))

    async def batch(self, key: str, lines: bytes) -> Payload:
        """The same of a batch."""
        return await self._turn(KIND, key, "", text(lines), is_batch=True)

    async def _turn(
        self, kind: str, key: str, operation: str, argument: Payload, *, is_batch: bool = False
    ) -> Payload:
        env = self.env
        deadline_ns = env.monotonic_ns() + DEFAULT_LIMITS.request_deadline_ms_default * 1_000_000
        return await self.runtime.invoke(
            Envelope(
                target=Address(NAMESPACE, kind, key),
                operation=operation,
                argument=argument,
                request_id=env.new_id(),
                principal="anonymous",
                recorded=False,
                deadline_ns=deadline_ns,
                is_batch=is_batch,
            )
        )


def with_host(
    directory: Path,
    work: Callable[[InProcess], Coroutine[Any, Any, Result]],
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Starts a host in a fresh data directory below `directory`, and runs `work` on it."""

    async def main(env: RealEnv) -> Result:
        with tempfile.TemporaryDirectory(dir=directory) as data:
            store = await open_store(env, Path(data) / "data", _stopped, limits)
            engine = WasmEngine(env, limits, Path(data) / "compiled", epochs=True)
            runtime = Runtime(env, store, engine, limits)
            await runtime.start()
            await runtime.deploy(NAMESPACE, KIND, COUNTER.read_bytes())
            tune_collector()
            try:
                return await work(InProcess(env, engine, runtime))
            finally:
                await runtime.drain()
                await store.close()
                engine.close()

    return run(main, _fault, limits)


def _fault(what: str, error: BaseException | None) -> None:
    print(f"fault: {what}: {error!r}", file=sys.stderr)


def _stopped(error: StoreStopped) -> None:
    print(f"the store stopped: {error}", file=sys.stderr)

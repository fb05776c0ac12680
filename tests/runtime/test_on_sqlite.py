"""The runtime on the embedded store: what was answered is there after a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kelpie.errors import CommitFailed, StoreReadFailed
from kelpie.ids import Address, text
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.envelope import Envelope, deletion
from kelpie.store.protocol import Transaction
from kelpie.store.sqlite import open_store
from kelpie.store.witness import Witness, nobody
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS
from tests.runtime.support import LEDGER, World


@asynccontextmanager
async def started(
    world: World, path: Path, engine: WasmEngine, **limits: int
) -> AsyncIterator[Runtime]:
    """A host on the data directory, which is stopped in an orderly way."""
    store = await open_store(world.env, path, lambda error: world.faults.append(("store", error)))
    runtime = Runtime(world.env, store, engine, Limits(**{**LIMITS, **limits}))
    try:
        await runtime.start()
        yield runtime
    finally:
        await runtime.drain()
        await store.close()


async def ask(runtime: Runtime, key: str, operation: str, argument: Any, request: str) -> Any:
    deadline_ns = runtime.node.env.monotonic_ns() + 60_000_000_000
    address = Address("default", "ledger", key)
    argument = text(json.dumps(argument))
    reply = await runtime.invoke(
        Envelope(address, operation, argument, request, "anonymous", True, deadline_ns)
    )
    return json.loads(reply.data)


async def test_it_survives_restarts(
    world: World, tmp_path: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm()
    async with started(world, tmp_path, engine) as runtime:
        await runtime.deploy("default", "ledger", LEDGER.read_bytes())
    for restart in range(3):
        async with started(world, tmp_path, engine) as runtime:
            asked = [
                ask(runtime, f"{n % 7}", "append", {"item": f"{n}"}, f"{n}/{again}")
                for n in range(70)
                for again in range(restart + 1)
            ]
            await asyncio.gather(*asked)
            counts = [
                (await ask(runtime, f"{n}", "count", None, f"c{restart}"))["count"]
                for n in range(7)
            ]
            # What was asked before was not done again.
            assert counts == [10 * (restart + 1)] * 7
            assert runtime.outstanding == 0
    async with started(world, tmp_path, engine) as runtime:
        listed = await ask(runtime, "3", "list", {"page": 4}, "list")
        assert len(listed["items"]) == 30


async def delete(runtime: Runtime, key: str, request: str, witness: Witness = nobody) -> Any:
    deadline_ns = runtime.node.env.monotonic_ns() + 60_000_000_000
    address = Address("default", "ledger", key)
    asked = deletion(
        address, request, "anonymous", recorded=True, deadline_ns=deadline_ns, witness=witness
    )
    return json.loads((await runtime.invoke(asked)).data)["deleted"]


async def test_what_was_deleted_stays_so(
    world: World, tmp_path: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm()
    async with started(world, tmp_path, engine) as runtime:
        await runtime.deploy("default", "ledger", LEDGER.read_bytes())
        items = ["fig", "lime", "pear"]
        appended = [
            ask(runtime, key, "append", {"item": item}, f"{n}")
            for key in ("gone", "kept")
            for n, item in enumerate(items)
        ]
        await asyncio.gather(*appended, delete(runtime, "gone", "bye"))
    async with started(world, tmp_path, engine) as runtime:
        assert await delete(runtime, "gone", "bye") is True
        assert await delete(runtime, "gone", "again") is False
        assert await ask(runtime, "gone", "list", {"page": 4}, "list") == {"items": []}
        # Late: it is not done again.
        await ask(runtime, "gone", "append", {"item": items[0]}, "0")
        assert (await ask(runtime, "gone", "count", None, "count"))["count"] == 0
        kept = await ask(runtime, "kept", "list", {"page": 4}, "list")
        assert [each["item"] for each in kept["items"]] == items


async def test_reads_hold_on_to_no_version_of_the_file(
    world: World, tmp_path: Path, wasm: Callable[..., WasmEngine]
) -> None:
    engine = wasm()
    async with started(world, tmp_path, engine) as runtime:
        await runtime.deploy("default", "ledger", LEDGER.read_bytes())
        for n in range(3 * runtime.node.limits.store_snapshots_max):
            await ask(runtime, "one", "append_if_absent", {"item": f"{n}"}, f"{n}")
        store: Any = runtime.node.store
        assert len(store._snapshots._held) <= 1


async def test_a_witness_that_fails_holds_on_to_no_version_of_the_file(
    world: World, tmp_path: Path, wasm: Callable[..., WasmEngine]
) -> None:
    async def failing(transaction: Transaction, _detail: str) -> None:
        await transaction.get(b"what it needs to know")
        raise StoreReadFailed("the disk could not be read")

    async with started(world, tmp_path, wasm()) as runtime:
        await runtime.deploy("default", "ledger", LEDGER.read_bytes())
        await ask(runtime, "one", "append", {"item": "fig"}, "1")
        with pytest.raises(CommitFailed):
            await delete(runtime, "one", "bye", failing)
        store: Any = runtime.node.store
        assert [each.users for each in store._snapshots._held] in ([], [0])
        assert (await ask(runtime, "one", "count", None, "count"))["count"] == 1

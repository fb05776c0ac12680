"""Components that send: the whole way, through the engine and back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kelpie.limits import Limits
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS
from tests.runtime.messaging.scripts import rows, until
from tests.runtime.support import ROOT, TestNode, World

ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"
LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"


@pytest.fixture
async def node(world: World, wasm: Callable[..., WasmEngine]) -> TestNode:
    engine = wasm()
    node = await world.start(engine, Limits(**LIMITS))
    await node.runtime.deploy("default", "rogue", ROGUE.read_bytes(), determinism_check=False)
    await node.runtime.deploy("default", "ledger", LEDGER.read_bytes(), determinism_check=False)
    return node


async def test_items_are_appended_once_and_in_order(node: TestNode) -> None:
    for number in range(5):
        told = await node.value(
            "send",
            {
                "kind": "ledger",
                "key": f"book-{number % 2}",
                "operation": "append",
                "argument": json.dumps({"item": str(number)}),
            },
            kind="rogue",
        )
        assert told == {"ok": None}
    await until(lambda: not [each for each in rows(node.client.store) if each[0] == "pend"])
    for book, items in ("book-0", ["0", "2", "4"]), ("book-1", ["1", "3"]):
        listed = await node.value("list", {}, kind="ledger", key=book)
        assert [each["item"] for each in listed["items"]] == items

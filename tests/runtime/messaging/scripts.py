"""Scripts of actors that send, and what tests ask of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from kelpie.ids import Payload, text
from kelpie.store.memory import MemoryStore
from kelpie.store.tuples import unpack
from tests.runtime.scripted import Host, Script
from tests.runtime.scripts import append, read

__all__ = ["SCRIPTS", "rows", "send", "until"]


async def send(host: Host) -> Payload:
    """Sends what the argument lists, each [key, operation, argument]; replies with the refusals."""
    refused = [await host.send(*each) for each in json.loads(host.turn.argument.data)]
    return text(json.dumps(refused))


SCRIPTS: dict[str, Script] = {"send": send, "append": append, "read": read}


def rows(store: MemoryStore) -> list[tuple[object, ...]]:
    """The keys of everything that is under way, or was delivered."""
    found = []
    for key, _ in store.pairs():
        elements = unpack(key)
        if elements[0] == "pend" or (elements[0] == "a" and elements[4] in ("out", "cur", "dead")):
            found.append(elements)
    return found


async def until(holds: Callable[[], bool]) -> None:
    """Waits until something is so."""
    for _ in range(5_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to be so")

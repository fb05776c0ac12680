"""How many one-way messages a second get from a few actors to many.

Every sender sends to each receiver in turn, a hundred in a turn. The time ends
when the last message is delivered and its outbox is empty. A receiver keeps in
kv which number it has had last of each sender, so that none is lost unseen.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from pathlib import Path

from benchmarks import child
from benchmarks.effort import Place
from benchmarks.in_process import InProcess, with_host
from benchmarks.row import Goal, Row

__all__ = ["run"]

PARCELS = Path(__file__).parents[2] / "tests" / "guests" / "parcels.wasm"
KIND = "parcels"
SENDERS = 10
RECEIVERS = 1_000
A_TURN = 100
GOAL = 5_000.0
_PAUSE_SECONDS = 0.005


def run(place: Place) -> list[Row]:
    figures = child.run(__name__, place)
    return [
        Row(
            key="sends",
            title=f"one-way messages in process, {SENDERS} actors to {RECEIVERS}",
            value=figures["rate"],
            unit="messages/s",
            goal=Goal(at_least=True, bound=GOAL),
        )
    ]


def measure(place: Place) -> child.Figures:
    async def work(host: InProcess) -> child.Figures:
        await host.runtime.deploy("default", KIND, PARCELS.read_bytes(), determinism_check=False)
        receivers = max(A_TURN, min(RECEIVERS, place.effort.turns // SENDERS))
        # The first round makes the actors.
        rates = [
            await _round(host, number, receivers) for number in range(1, place.effort.rounds + 2)
        ]
        return {"rate": statistics.median(rates[1:])}

    return with_host(place.directory, work)


async def _round(host: InProcess, number: int, receivers: int) -> float:
    """Messages a second, each receiver getting one from each sender."""

    async def sender(key: str) -> None:
        for first in range(0, receivers, A_TURN):
            argument = {"first": first, "count": A_TURN, "number": number}
            await host.turn(KIND, key, "scatter", json.dumps(argument))

    began = time.perf_counter()
    letters, courier = host.runtime.node.meters.letters, host.runtime.mail.courier
    await asyncio.gather(*(sender(f"from-{place}") for place in range(SENDERS)))
    while len(courier):  # noqa: ASYNC110 - a round of delivery tells nobody that it is over
        await asyncio.sleep(_PAUSE_SECONDS)
    rate = SENDERS * receivers / (time.perf_counter() - began)
    assert letters.delivered == number * SENDERS * receivers, "some were not delivered"
    assert not letters.dead
    return rate


if __name__ == "__main__":
    child.main(measure)

"""A little of `tests.fuzz.components` and of `tests.soak`, each time."""

from __future__ import annotations

import random
from pathlib import Path

from tests.api.support import LEDGER, ROGUE, Remote
from tests.cli.host import COUNTER, Served
from tests.fuzz.components import Fuzz, bases
from tests.fuzz.mutations import mutated
from tests.soak.load import PARTS, Load

COUNT = 25


def test_a_mutant_can_be_made_again() -> None:
    found = bases()
    made = [mutated(random.Random(f"1/{number}"), found) for number in range(60)]
    assert made == [mutated(random.Random(f"1/{number}"), found) for number in range(60)]
    assert len(set(made)) > 40


async def test_mutants_are_deployed_or_refused(served: Served, data: Path) -> None:
    work = Fuzz(served, seed=7)
    await work.many(COUNT, data)
    assert work.wrong == []
    assert work.answers.total() == COUNT
    # Neither all is refused nor nothing.
    assert {told[0] for told in work.answers} == {"2", "4"}


async def test_the_load_of_the_soak_is_answered(served: Served) -> None:
    remote = Remote(served.url)
    for kind, file in (("counter", COUNTER), ("ledger", LEDGER), ("rogue", ROGUE)):
        assert (await remote.deploy(kind, file)).status in {200, 201}
    load = Load(remote, seed=1)
    async with remote.wire() as wire:
        for part in PARTS:
            for _ in range(5):
                await load.ask(wire, part)
    assert not load.wrong
    assert load.answers.total() == 5 * len(PARTS)

"""Components that were sound, and then something was done to them, are deployed
and run. The host has to stay up, to answer each with a success or with a problem
that blames the component, and to keep nothing of those that it refuses.

`python -m tests.fuzz.components --count 10000 --seed 1`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from kelpie.errors import every_error
from tests.api.support import Answer, Remote
from tests.cli.host import COUNTER, LEDGER, Served, serving
from tests.fuzz.mutations import mutated
from tests.guests.made import component, core_module
from tests.process import children, directory_bytes, open_files, resident_bytes

ROGUE = LEDGER.with_name("rogue.wasm")
ERRORS = {error.code: error for error in every_error()}
AT_ONCE = 4
SAMPLES = 20
KINDS = 8
# Operations that mutants may have kept, and that end soon.
OPERATIONS = ["run", "increment", "get", "append", "list", "echo"]


def bases() -> list[bytes]:
    files = [file.read_bytes() for file in (COUNTER, LEDGER, ROGUE)]
    made = [core_module(), component(), component(manifest='{"operations": []}')]
    # The small ones more often: in them more mutations matter.
    return [*files, *made, *made, *made]


class Fuzz:
    def __init__(self, served: Served, seed: int) -> None:
        self.remote = Remote(served.url)
        self.served = served
        self.seed = seed
        self.bases = bases()
        self.answers: Counter[str] = Counter()
        self.turns: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def one(self, number: int) -> None:
        """Deploys the mutant of this number, and runs it if it is one that runs."""
        chance = random.Random(f"{self.seed}/{number}")
        upload = mutated(chance, self.bases)
        kind = f"mutant-{number % KINDS}"
        check = "?check=true" if chance.random() < 0.3 else ""
        answer = await self.remote.ask("PUT", f"/v1/kinds/{kind}{check}", upload)
        told = self._told(answer, number, "deploy")
        self.answers[told] += 1
        if answer.status < 300 and not check:
            await self._run(kind, number, [each["name"] for each in answer.json["operations"]])

    async def _run(self, kind: str, number: int, names: list[str]) -> None:
        for name in [each for each in OPERATIONS if each in names][:2]:
            answer = await self.remote.ask(
                "POST", f"/v1/actors/{kind}/{number}/{name}", Kelpie_Deadline_Ms="2000"
            )
            self.turns[self._told(answer, number, "turn")] += 1

    def _told(self, answer: Answer, number: int, what: str) -> str:
        """What was answered, in a word; notes what should not have been."""
        if answer.status < 300:
            return str(answer.status)
        try:
            code = answer.code
            error = ERRORS[code]
            is_fine = answer.status == error.status
            # Of its own accord no upload brings down more than itself.
            is_fine &= error.source != "platform" or (what == "turn" and answer.status == 504)
            # Others replace the kind meanwhile: then an operation may be gone.
            is_fine &= what == "turn" or code.startswith("component-")
        except (AssertionError, KeyError, ValueError):
            code, is_fine = "malformed", False
        if not is_fine:
            self.wrong.append(f"{what} of {number}: {answer.status} {answer.body[:300]!r}")
        return f"{answer.status} {code}"

    async def many(self, count: int, data: Path) -> None:
        numbers = iter(range(count))
        begun = time.monotonic()
        every = max(1, count // SAMPLES)

        async def worker() -> None:
            for number in numbers:
                await self.one(number)
                if number % every == every - 1:
                    self.sample(number + 1, time.monotonic() - begun, data)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(worker())

    def sample(self, done: int, seconds: float, data: Path) -> None:
        pid = self.served.process.pid
        files, size = directory_bytes(data)
        print(
            f"{done} done, {seconds:.0f} s, {resident_bytes(pid) / 2**20:.1f} MiB resident, "
            f"{open_files(pid)} files open, {children(pid)} children, "
            f"{files} files with {size / 2**20:.1f} MiB, {len(self.wrong)} wrong",
            flush=True,
        )


async def fuzz(count: int, seed: int, data: Path, served: Served) -> int:
    work = Fuzz(served, seed)
    work.sample(0, 0, data)
    await work.many(count, data)
    alive = await work.remote.ask("PUT", "/v1/kinds/counter", COUNTER.read_bytes())
    assert alive.status in {200, 201}
    print("deploys:", dict(work.answers.most_common()))
    print("turns:", dict(work.turns.most_common()))
    for each in work.wrong:
        print("wrong:", each, file=sys.stderr)
    return 1 if work.wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        with serving(data) as served:
            status = asyncio.run(fuzz(options.count, options.seed, data, served))
            assert served.end() == 0, served.talk.read_text()[-5000:]
            talk = served.talk.read_text()
            if "Traceback" in talk:
                print(talk[-5000:], file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())

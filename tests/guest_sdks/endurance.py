"""Very many turns on one actor: does its instance leak, does it trap?

    python -m tests.guest_sdks.endurance --language go --turns 1000000

prints the instance's memory as it goes on, and how many instances the turns took: the
host makes another when one has grown too far. The exit status is 1 if a turn failed, or
the second half of the turns added more than a hundredth to the memory of one that stayed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kelpie.env.real import RealEnv
from kelpie.ids import Payload, binary
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance
from tests.guest_sdks.conformance.languages import LANGUAGES, CannotBuild
from tests.wasm.support import StoredValues, turn

__all__ = ["SHORT_ROUND", "Endurance", "Sample"]

SAMPLES = 20
PEER = {"kind": "other", "key": "k", "operation": "get"}
SHORT_ROUND: tuple[tuple[str, Any], ...] = (
    ("add", {"amount": 1}),
    ("note", {"name": "a", "text": "n" * 100}),
    ("echo", {"value": [{"member": "é" * 200}] * 4}),
    ("echo_bytes", binary(bytes(range(256)) * 4)),
    ("kv_set", {"key": "k", "text": "v" * 1_000}),
    ("kv_get", {"key": "k"}),
    ("kv_list", {}),
    ("language_time", {}),
    ("language_random", {}),
    ("log", {"level": "info", "message": "a line"}),
    ("forget", {"name": "a"}),
    ("get", {}),
)
"""One turn each, again and again: the heap, the arena, and what the host gives. What an
instance has touched is as much as it ever will be after some ten thousand turns."""
ROUND = (
    *SHORT_ROUND,
    ("get", ""),
    ("echo_bytes", binary(b"")),
    ("kv_set_bytes", {"key": "b", "hex": "b0" * 500}),
    ("kv_delete", {"key": "b"}),
    ("entropy", {"length": 100}),
    ("identity", {}),
    ("config", {"name": "a"}),
    ("call", PEER),
    ("send", PEER),
    ("request", {**PEER, "continuation": "get"}),
    ("remind", {"name": "a", "operation": "get", "every_ms": 60_000}),
    ("reminders", {}),
)
"""All that the host gives and takes; it takes longer until all is touched."""


@dataclass(frozen=True)
class Sample:
    turns: int
    resident_bytes: int
    """Of the instance's linear memory, what was ever touched."""
    linear_bytes: int
    instances: int
    """How many there were by then."""


class Endurance:
    """A conformance actor, and its turns so far."""

    def __init__(self, component: LoadedComponent, of: tuple[tuple[str, Any], ...] = ROUND) -> None:
        self._component = component
        self._guest: Instance | None = None
        self._instances = 0
        self._round = of
        self._turns = 0
        self._state: Payload | None = None
        self._answers = StoredValues({f"k{n}".encode(): binary(b"x" * 500) for n in range(20)})

    async def run(self, turns: int) -> Sample:
        """Runs so many turns more. Raises the error of one that fails."""
        for _ in range(turns):
            if self._guest is None:
                self._guest = await self._component.instantiate()
                self._instances += 1
            operation, argument = self._round[self._turns % len(self._round)]
            self._turns += 1
            asked = turn(
                operation,
                argument,
                state=self._state,
                answers=self._answers,
                time_ns=1_700_000_000_000_000_000 + self._turns * 1_000_000,
                entropy_seed=self._turns.to_bytes(8, "little"),
            )
            outcome = await self._guest.run(asked)
            if outcome.error is not None:
                raise outcome.error
            if outcome.effects.state_written:
                self._state = outcome.effects.state
            self._answers.asked.clear()
            resident, linear = self._guest.memory_bytes, self._guest.held_bytes
            if outcome.instance_lost:
                self.close()
        return Sample(self._turns, resident, linear, self._instances)

    def close(self) -> None:
        """Lets go of the instance."""
        if self._guest is not None:
            self._guest.close()
        self._guest = None


@asynccontextmanager
async def _component(language: str, directory: Path) -> AsyncIterator[LoadedComponent]:
    env = RealEnv(lambda *fault: print("fault", *fault, file=sys.stderr))
    limits = replace(DEFAULT_LIMITS, component_compile_ms_max=600_000)
    engine = WasmEngine(env, limits, directory / "compiled", epochs=False)
    try:
        yield await engine.load(LANGUAGES[language].component(directory))
    finally:
        engine.close()
        env.close()


async def _endure(language: str, turns: int) -> int:
    with tempfile.TemporaryDirectory() as directory:
        async with _component(language, Path(directory)) as component:
            endurance = Endurance(component)
            samples = []
            for _ in range(SAMPLES):
                samples.append(await endurance.run(turns // SAMPLES))
                print(
                    f"{samples[-1].turns:>12,} turns"
                    f" {samples[-1].resident_bytes / 2**20:8.2f} MiB touched"
                    f" {samples[-1].linear_bytes / 2**20:8.2f} MiB in all"
                    f" {samples[-1].instances:6,} instances",
                    flush=True,
                )
            endurance.close()
    half, end = samples[SAMPLES // 2 - 1], samples[-1]
    if end.instances > 1:
        return 0
    added = end.resident_bytes - half.resident_bytes
    print(f"the second half added {added / 1024:,.0f} KiB")
    return 1 if added > half.resident_bytes // 100 else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", choices=sorted(LANGUAGES), required=True)
    parser.add_argument("--turns", type=int, default=1_000_000)
    options = parser.parse_args()
    try:
        return asyncio.run(_endure(options.language, options.turns))
    except CannotBuild as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

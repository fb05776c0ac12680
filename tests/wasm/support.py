"""What the tests of guests share."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kelpie.ids import Address, Payload, text
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.instance import Instance
from kelpie.wasm.schedule import Schedule
from kelpie.wasm.turn import Caller, Failure, Outcome, Page, Turn

ROOT = Path(__file__).resolve().parents[2]
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"
ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"

SEED = b"the seed of a turn"
NOBODY = Failure("unavailable", "nobody is there")
TIME_NS = 1_700_000_000_123_456_789


@dataclass
class StoredValues:
    """Answers host calls from a dict, at once."""

    values: dict[bytes, Payload] = field(default_factory=dict)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def kv_get(self, key: bytes) -> Payload | Awaitable[Payload | None] | None:
        self.asked.append(("get", key))
        return self.values.get(key)

    def kv_list(
        self,
        prefix: bytes,
        after: bytes | None,
        limit: int,
        reverse: bool,
        writes: dict[bytes, Payload | None],
    ) -> Page | Awaitable[Page]:
        self.asked.append(("list", prefix, after, limit, reverse, dict(writes)))
        merged: dict[bytes, Payload | None] = {**self.values, **writes}
        keys = sorted(
            (key for key, value in merged.items() if value and key.startswith(prefix)),
            reverse=reverse,
        )
        if after is not None:
            keys = [key for key in keys if (key < after if reverse else key > after)]
        entries = [(key, value) for key in keys[:limit] if (value := merged[key])]
        return Page(entries, more=len(keys) > limit)

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure | Awaitable[Payload | Failure]:
        self.asked.append(("call", target, operation, argument, key))
        return NOBODY

    def refuses_send(
        self, target: Address, letters: int, size: int
    ) -> Failure | Awaitable[Failure | None] | None:
        self.asked.append(("send", target, letters, size))
        return None

    def why_never_due(self, schedule: Schedule) -> str | None:
        return "never" if schedule.ms == 13 else None

    def reminder_names(self) -> frozenset[str]:
        return frozenset({"kept"})


@dataclass
class Answerer(StoredValues):
    """Answers calls with what a test has put there."""

    answer: Payload | Failure | Awaitable[Payload | Failure] = NOBODY
    calls: list[tuple[Address, str, Payload, str | None]] = field(default_factory=list)

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure | Awaitable[Payload | Failure]:
        self.calls.append((target, operation, argument, key))
        return self.answer


def turn(operation: str, argument: Any = "", **changes: Any) -> Turn:
    """A turn; an argument that is no payload travels as JSON text."""
    if isinstance(argument, str):
        argument = text(argument)
    elif not isinstance(argument, Payload):
        argument = text(json.dumps(argument))
    given: dict[str, Any] = {
        "address": Address("default", "rogue", "key"),
        "operation": operation,
        "argument": argument,
        "request_id": "request-1",
        "caller": Caller("client", "anonymous"),
        "number": 7,
        "time_ns": TIME_NS,
        "entropy_seed": SEED,
        "read_only": False,
        "state": None,
        "answers": StoredValues(),
    }
    return Turn(**{**given, **changes})


def reply_json(outcome: Outcome) -> Any:
    """The JSON that the guest replied."""
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    assert outcome.reply.is_text
    return json.loads(outcome.reply.data)


class Workbench:
    """An engine, and guests of it that are closed at the end."""

    def __init__(self, engine: WasmEngine) -> None:
        self.engine = engine
        self.guests: list[Instance] = []
        self._components: dict[Path, LoadedComponent] = {}

    async def component(self, path: Path) -> LoadedComponent:
        if path not in self._components:
            self._components[path] = await self.engine.load(path.read_bytes())
        return self._components[path]

    async def guest(self, path: Path = ROGUE) -> Instance:
        made = await (await self.component(path)).instantiate()
        self.guests.append(made)
        return made

    async def run(self, operation: str, argument: Any = "", **changes: Any) -> Outcome:
        """One turn of a new rogue."""
        return await (await self.guest()).run(turn(operation, argument, **changes))

    def close(self) -> None:
        for guest in self.guests:
            guest.close()
        assert self.engine.instances == 0, "a guest's memory did not come back"
        self.engine.close()

"""Actors that misbehave: each gets its own error, and hurts nobody, itself included."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.support import Answer, Remote
from tests.cli.host import Served, serving

MIB = 1 << 20

LIMIT = "guest-limit-exceeded"
MISDEEDS: list[tuple[str, dict[str, Any], str, str | None]] = [
    # operation, argument, code, limit
    *(("trap", {"how": how}, "guest-trapped", None) for how in ("panic", "memory", "table")),
    ("spin", {}, "guest-out-of-fuel", "turn_fuel_max"),
    ("recurse", {}, "guest-stack-exhausted", "instance_stack_bytes_max"),
    ("allocate", {}, "guest-out-of-memory", "instance_memory_bytes_max"),
    ("log", {"lines": 2000, "bytes": 1}, LIMIT, "log_lines_max"),
    ("log", {"lines": 100, "bytes": 10_000}, LIMIT, "log_bytes_max"),
    ("write", {"pieces": 10, "bytes": MIB}, LIMIT, "turn_write_bytes_max"),
    ("write", {"pieces": 20_000, "bytes": 1}, LIMIT, "turn_writes_max"),
    ("write", {"bytes": 5 * MIB, "to": "state"}, LIMIT, "state_bytes_max"),
    ("host_calls", {"calls": 1_000_000}, LIMIT, "turn_host_calls_max"),
    ("reply", {"bytes": 5 * MIB}, LIMIT, "payload_bytes_max"),
    ("reply", {"bytes": 3 * MIB, "as": "bytes"}, LIMIT, "binary_bytes_max"),
    ("save_then", {"how": "reject", "value": "x"}, "rejected", None),
    ("save_then", {"how": "fail", "value": "x"}, "actor-failed", None),
    ("save_then", {"how": "trap", "value": "x"}, "guest-trapped", None),
    ("save_then", {"how": "spin", "value": "x"}, "guest-out-of-fuel", "turn_fuel_max"),
    ("read_only_write", {"how": "save"}, "read-only-violation", None),
    ("read_only_write", {"how": "set"}, "read-only-violation", None),
    ("read_only_write", {"how": "send"}, "read-only-violation", None),
    ("kv_set", {"key": "", "value": 1}, "guest-broke-contract", None),
]


class Rogue:
    """One actor, as its clients see it."""

    def __init__(self, remote: Remote, key: str) -> None:
        self._remote = remote
        self._key = key

    async def ask(self, operation: str, argument: dict[str, Any], **headers: str) -> Answer:
        body = json.dumps(argument).encode() if argument else b""
        target = f"/v1/actors/rogue/{self._key}/{operation}"
        return await self._remote.ask(
            "POST", target, body, Content_Type="application/json", **headers
        )

    async def save(self, state: bytes) -> None:
        target = f"/v1/actors/rogue/{self._key}/save"
        answer = await self._remote.ask("POST", target, state, Content_Type="text/plain")
        assert answer.status == 200

    async def stored(self) -> tuple[bytes, str, int]:
        """Its state, what it has in kv or why it has none, and the number of its turns."""
        state = await self.ask("read_only_load", {})
        entry = await self.ask("kv_get", {"key": "saved"})
        turns = await self._remote.turns("rogue", self._key)
        return state.body, entry.json["rejection"], turns


@pytest.fixture
def remote(shared: Served) -> Remote:
    return Remote(shared.url)


@pytest.mark.parametrize(
    ("number", "operation", "argument", "code", "limit"),
    [(number, *misdeed) for number, misdeed in enumerate(MISDEEDS)],
    ids=lambda part: part if isinstance(part, str) else None,
)
async def test_a_misdeed_has_its_error_and_no_effect(
    remote: Remote,
    number: int,
    operation: str,
    argument: dict[str, Any],
    code: str,
    limit: str | None,
) -> None:
    rogue = Rogue(remote, f"misdeed-{number}")
    await rogue.save(b"kept")
    answer = await rogue.ask(operation, argument)
    assert answer.code == code
    assert answer.json.get("limit") == limit
    assert (answer.json["source"], answer.json["retryable"]) == ("actor", False)
    assert await rogue.stored() == (b"kept", "absent", 1)
    await rogue.save(b"and it works")
    assert await rogue.stored() == (b"and it works", "absent", 2)


async def test_nothing_of_it_is_found_after_a_kill(data: Path) -> None:
    with serving(data) as served:
        rogue = Rogue(Remote(served.url), "bob")
        await rogue.save(b"kept")
        for number, (operation, argument, code, _) in enumerate(MISDEEDS):
            answer = await rogue.ask(operation, argument, Idempotency_Key=f"misdeed-{number}")
            assert answer.code == code
        turns = (await rogue.stored())[2]
        served.process.kill()
        served.process.wait()
    with serving(data) as served:
        rogue = Rogue(Remote(served.url), "bob")
        # Rejections are kept: the same request is refused in the same way.
        rejections = sum(code == "rejected" for _, _, code, _ in MISDEEDS)
        assert await rogue.stored() == (b"kept", "absent", turns)
        assert turns == 1 + rejections
        for number, (operation, argument, code, _) in enumerate(MISDEEDS):
            if code == "rejected":
                answer = await rogue.ask(operation, argument, Idempotency_Key=f"misdeed-{number}")
                assert answer.code == "rejected"
        assert (await rogue.stored())[2] == turns


@pytest.mark.parametrize(
    ("operation", "argument"),
    [("spin", {}), ("host_calls", {"calls": 20_000, "which": "kv"})],
    ids=["spinning", "reading"],
)
async def test_others_are_served_meanwhile(
    remote: Remote, operation: str, argument: dict[str, Any]
) -> None:
    """Many rogues at work, and a neighbour with one request after the other."""
    rogues = [Rogue(remote, f"crowd-{number}") for number in range(6)]
    misdeeds = [asyncio.create_task(rogue.ask(operation, argument)) for rogue in rogues]
    target = f"/v1/actors/counter/beside-{operation}/increment"
    answered = 0
    while not any(task.done() for task in misdeeds):
        assert (await remote.ask("POST", target)).json["value"] == answered + 1
        answered += 1
    assert answered > 10
    for task in misdeeds:
        assert (await task).status in {200, 500}

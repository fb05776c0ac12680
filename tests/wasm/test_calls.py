"""`messaging.call`, from the guest to whoever answers and back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import GuestLimitExceeded, GuestTimedOut, ReadOnlyViolation
from kelpie.ids import Address, Payload, binary, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Failure
from tests.wasm.support import Answerer, StoredValues, Workbench, reply_json, turn

TARGET = Address("default", "rogue", "other")


async def later(answer: Payload | Failure) -> Payload | Failure:
    await asyncio.sleep(0)
    return answer


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (text("reply"), {"ok": "reply"}),
        (text("x" * 100_000), {"ok": "x" * 100_000}),
        (binary(b"\x00\x01"), {"ok": {"hex": "0001"}}),
        (Failure("unavailable", "gone"), {"failure": "unavailable", "message": "gone"}),
        (Failure("unknown", "löst"), {"failure": "unknown", "message": "löst"}),
        (Failure("failed", ""), {"failure": "failed", "message": ""}),
        (
            Failure("rejected", "why", "no"),
            {"failure": "rejected", "code": "no", "message": "why"},
        ),
    ],
)
async def test_what_is_answered_reaches_the_guest(
    workbench: Workbench, answer: Payload | Failure, shown: dict[str, Any], at_once: bool
) -> None:
    answers = Answerer(answer=answer if at_once else later(answer))
    asked = {"key": "other", "operation": "get", "argument": {"a": 1}}
    outcome = await workbench.run("call", asked, answers=answers)
    assert reply_json(outcome) == shown
    assert answers.calls == [(TARGET, "get", text('{"a":1}'), None)]
    assert outcome.journal[-1] == ("messaging.call", answers.calls[0], answer)


async def test_a_call_has_a_key_if_it_is_given_one(workbench: Workbench) -> None:
    answers = Answerer()
    asked = {"namespace": "n", "kind": "k", "key": "ü", "operation": "get", "call_key": "once"}
    await workbench.run("call", asked, answers=answers)
    [(target, *_, key)] = answers.calls
    assert (target, key) == (("n", "k", "ü"), "once")


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        ({"namespace": "n" * 65}, "name_bytes_max"),
        ({"kind": "k" * 65}, "name_bytes_max"),
        ({"key": "k" * 2_049}, "actor_key_bytes_max"),
        ({"operation": "o" * 129}, "operation_name_bytes_max"),
        ({"call_key": "k" * 257}, "call_key_bytes_max"),
    ],
)
async def test_what_is_too_long_ends_the_turn(
    workbench: Workbench, asked: dict[str, str], limit: str
) -> None:
    answers = Answerer()
    outcome = await workbench.run("call", asked, answers=answers)
    assert type(outcome.error) is GuestLimitExceeded
    assert outcome.error.details["limit"] == limit
    assert answers.calls == []


async def test_a_read_only_turn_does_not_call(workbench: Workbench) -> None:
    answers = Answerer()
    outcome = await workbench.run(
        "read_only_write", {"how": "call"}, answers=answers, read_only=True
    )
    assert type(outcome.error) is ReadOnlyViolation
    assert answers.calls == []


@pytest.mark.parametrize("epochs", [False, True])
async def test_the_time_of_a_turn_stands_still_while_it_calls(
    env: RealEnv, cache_directory: object, epochs: bool
) -> None:
    limits = replace(DEFAULT_LIMITS, turn_wall_time_ms_max=40)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=epochs))  # type: ignore[arg-type]

    async def slow() -> Payload:
        await asyncio.sleep(0.1)
        return text("late")

    outcome = await bench.run("call", {"key": "other"}, answers=Answerer(answer=slow()))
    assert reply_json(outcome) == {"ok": "late"}

    class Slow(StoredValues):
        async def kv_get(self, _key: bytes) -> Payload:  # type: ignore[override]
            return await slow()

    # Not while it waits for the store.
    outcome = await bench.run("kv_get", {"key": "k"}, answers=Slow())
    assert type(outcome.error) is GuestTimedOut
    bench.close()


async def test_a_caller_that_is_cancelled_ends_its_wait(workbench: Workbench) -> None:
    waits = asyncio.get_running_loop().create_future()
    guest = await workbench.guest()
    answers = Answerer(answer=waits)
    task = asyncio.create_task(guest.run(turn("call", {"key": "other"}, answers=answers)))
    while not answers.calls:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waits.cancelled()
    assert guest.held_bytes == 0

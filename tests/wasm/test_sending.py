"""What a guest sends: effects of its turn, within the limits of a turn."""

from __future__ import annotations

from typing import Any

import pytest

from kelpie.errors import GuestLimitExceeded, ReadOnlyViolation
from kelpie.ids import Address
from kelpie.wasm.outgoing import Send
from kelpie.wasm.turn import Failure
from tests.wasm.support import StoredValues, Workbench, reply_json, turn

HERE = turn("send").address


@pytest.mark.parametrize(
    ("argument", "call", "more"),
    [
        ({}, "messaging.send", {}),
        ({"delay_ms": 5}, "messaging.send-after", {"delay_ms": 5}),
        ({"continuation": "echo"}, "messaging.request", {"continuation": "echo"}),
    ],
)
async def test_sends_are_effects(
    workbench: Workbench, argument: dict[str, Any], call: str, more: dict[str, Any]
) -> None:
    outcome = await workbench.run("send", argument)
    assert reply_json(outcome) == {"ok": None}
    assert outcome.effects.outgoing is not None
    (send,) = outcome.effects.outgoing.sends
    assert send == Send(HERE, "echo", send.argument, **more)
    recorded = outcome.journal[-1]
    assert (recorded.name, recorded.result) == (call, "ok")
    assert recorded.arguments == (*send[:3], *more.values())


async def test_the_outbox_may_refuse(workbench: Workbench) -> None:
    class Full(StoredValues):
        def refuses_send(self, target: Address, letters: int, size: int) -> Failure:
            return Failure("unavailable", f"no room for {letters} of {size} to {target.key}")

    outcome = await workbench.run("send", {}, answers=Full())
    told = reply_json(outcome)
    assert told["failure"] == "unavailable"
    assert told["message"].startswith("no room for 1 of ")
    assert outcome.effects.outgoing is None


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ({"kind": "No"}, "no name for a kind"),
        ({"key": ""}, "key is empty"),
        ({"operation": ""}, "name is empty"),
        ({"continuation": ""}, "name is empty"),
        ({"delay_ms": 2**63}, "send_delay_ms_max"),
    ],
)
async def test_what_never_arrives_is_not_sent(
    workbench: Workbench, argument: dict[str, Any], why: str
) -> None:
    outcome = await workbench.run("send", argument)
    told = reply_json(outcome)
    assert told["failure"] == "failed"
    assert why in told["message"]
    assert outcome.effects.outgoing is None


@pytest.mark.parametrize(
    ("argument", "limit"),
    [
        ({"times": 1_001}, "turn_sends_max"),
        ({"times": 10, "argument": "x" * 1_000_000}, "turn_write_bytes_max"),
        ({"operation": "x" * 129}, "operation_name_bytes_max"),
        ({"argument": "x" * (4 * 2**20 + 1)}, "payload_bytes_max"),
    ],
)
async def test_limits_of_a_turn(workbench: Workbench, argument: dict[str, Any], limit: str) -> None:
    outcome = await workbench.run("send", argument)
    assert isinstance(outcome.error, GuestLimitExceeded), outcome.error
    assert outcome.error.details["limit"] == limit


async def test_a_read_only_turn_sends_nothing(workbench: Workbench) -> None:
    outcome = await workbench.run("send", {}, read_only=True)
    assert isinstance(outcome.error, ReadOnlyViolation)

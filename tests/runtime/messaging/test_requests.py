"""Requests that nobody waits for: the reply, or the failure, comes back as a turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kelpie.errors import ActorFailed, ActorRejected, ActorUnavailable
from kelpie.ids import Payload, binary, text
from tests.runtime.conftest import StartScripted
from tests.runtime.messaging.scripts import SCRIPTS, rows, until
from tests.runtime.scripted import Host, Script
from tests.runtime.scripts import failing
from tests.runtime.support import TestNode

QUICK = {"letter_retry_ms_min": 1, "letter_retry_ms_max": 4}


async def request(host: Host) -> Payload:
    operation = host.turn.argument.data.decode()
    await host.send("b", operation, "[1.50]", continuation="answered")
    return text("ok")


def answered(host: Host) -> Payload:
    host.save(host.turn.argument)
    return text("ok")


ALL: dict[str, Script] = {**SCRIPTS, "request": request, "answered": answered}


async def told(node: TestNode, operation: str) -> Any:
    """What comes back from an operation, but for what is always there."""
    await node.get("request", operation, key="a", id="asked")
    await until(lambda: node.component.turns[-1].operation == "answered")
    await until(lambda: not [x for x in rows(node.client.store) if x[0] == "pend"])
    turn = node.component.turns[-1]
    assert turn.caller.address is not None
    assert (turn.caller.sort, turn.caller.address.key) == ("actor", "b")
    found = json.loads(turn.argument.data)
    assert found.pop("target") == {"namespace": "default", "kind": "thing", "key": "b"}
    assert found.pop("operation") == operation
    assert found.pop("request_id") == "asked"
    return found


@pytest.mark.parametrize(
    ("reply", "member"),
    [
        (text('{"sum": 1.50}'), {"reply": {"sum": 1.5}}),
        (text("no JSON: NaN"), {"text": "no JSON: NaN"}),
        (text("NaN"), {"text": "NaN"}),
        (text(""), {"text": ""}),
        (binary(b"\x00\xff"), {"bytes": "AP8="}),
    ],
)
async def test_the_reply_comes_back(
    scripted: StartScripted, reply: Payload, member: dict[str, Any]
) -> None:
    node = await scripted({**ALL, "work": lambda _: reply}, **QUICK)
    assert await told(node, "work") == member


async def test_numbers_keep_their_digits(scripted: StartScripted) -> None:
    node = await scripted({**ALL, "work": lambda host: host.turn.argument}, **QUICK)
    await told(node, "work")
    assert b'"reply":[1.50]}' in node.component.turns[-1].argument.data


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            ActorRejected("sold-out", "no tea is left"),
            {"sort": "rejected", "code": "sold-out", "message": "no tea is left"},
        ),
        (ActorFailed("a bug"), {"sort": "failed", "message": "a bug"}),
    ],
)
async def test_the_failure_comes_back(
    scripted: StartScripted, error: Exception, failure: dict[str, str]
) -> None:
    node = await scripted({**ALL, "work": failing(error)}, **QUICK)
    assert await told(node, "work") == {"failure": failure}
    assert [each for each in rows(node.client.store) if each[4:5] == ("dead",)]


async def test_a_reply_that_is_too_large_undoes_its_turn(scripted: StartScripted) -> None:
    def large(host: Host) -> Payload:
        host.save(text("done"))
        return text("x" * 990)

    node = await scripted({**ALL, "work": large}, payload_bytes_max=1_000, **QUICK)
    found = await told(node, "work")
    assert found["failure"]["sort"] == "failed"
    assert "payload_bytes_max" in found["failure"]["message"]
    assert await node.get("read", key="b") == ""


async def test_a_full_outbox_of_the_receiver_holds_requests_back(
    scripted: StartScripted,
) -> None:
    limits = {"outbox_letters_max": 1, "outbox_count_ms_min": 1, **QUICK}

    async def fill(host: Host) -> Payload:
        host.save(text("sent"))
        await host.send("nobody", "missing")
        return text("ok")

    missing = failing(ActorUnavailable("not yet"))
    node = await scripted({**ALL, "fill": fill, "missing": missing}, **limits)
    await node.get("fill", key="b")
    await node.get("request", "append", key="a")
    meter = node.runtime.node.meters.letters
    await until(lambda: meter.tried_again > 10)
    assert await node.get("read", key="b") == "sent"
    node.component.scripts["missing"] = SCRIPTS["append"]
    await until(lambda: node.component.turns[-1].operation == "answered")
    assert await node.get("read", key="b") == "sent[1.50]"

"""Batches: one message, one turn, one commit, one record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import msgpack
import pytest

from kelpie.errors import (
    ActorRejected,
    BatchUnsupported,
    DeployBreaking,
    InvalidRequest,
    PayloadTooLarge,
)
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import read_deploy
from kelpie.store import keyspace
from kelpie.store.chunks import read_value, write_value
from kelpie.wasm.engine import WasmEngine
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.scripted import BATCH, Host, ScriptedEngine
from tests.runtime.scripts import Gate, append, failing
from tests.runtime.support import COUNTER, LEDGER, TestNode, World, outcome, settle


def shout(host: Host) -> Payload:
    """Keeps the batch, and replies to each line with it in capitals."""
    host.save(host.turn.argument)
    return Payload(True, host.turn.argument.data.upper())


SCRIPTS = {BATCH: shout, "append": append}


async def ask(node: TestNode, lines: str, **more: object) -> str:
    return await outcome(node.ask("", lines, is_batch=True, **more))


async def test_a_batch_is_one_turn(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert await ask(node, "a\nb\n") == "A\nB\n"
    assert await ask(node, "c") == "C"
    (first, second) = node.component.turns
    assert (first.is_batch, first.operation, first.read_only) == (True, "", False)
    assert (first.number, second.number) == (1, 2)
    assert second.state == text("a\nb\n")


async def test_it_waits_in_line_with_operations(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({**SCRIPTS, "slow": gate.script(append)})
    asked = [
        node.ask("slow", "x"),
        node.ask("", "a\n", is_batch=True),
        node.ask("append", "b"),
    ]
    await settle()
    assert [turn.operation for turn in node.component.turns] == ["slow"]
    gate.open()
    assert (await outcome(asked[2])).endswith("b")
    assert [turn.is_batch for turn in node.component.turns] == [False, True, False]
    await asyncio.gather(*asked)


async def test_asked_again_it_is_answered_from_its_record(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    for _ in range(2):
        assert await ask(node, "a\nb\n", id="request") == "A\nB\n"
    assert len(node.component.turns) == 1
    assert await ask(node, "a\nb", id="request") == "request-mismatch"
    assert await outcome(node.ask("append", "a\nb\n", id="request")) == "request-mismatch"
    assert await outcome(node.ask("append", "x", id="other")) == "a\nb\nx"
    assert await ask(node, "x", id="other") == "request-mismatch"


async def test_a_recorded_rejection_keeps_its_index(scripted: StartScripted) -> None:
    node = await scripted({BATCH: failing(ActorRejected("no", "not today", 7))})
    for _ in range(2):
        with pytest.raises(ActorRejected) as refused:
            await node.ask("", "a\n", is_batch=True, id="request")
        assert refused.value.rejection_code == "no"
        assert refused.value.message == "not today"
        assert refused.value.details == {"rejection": "no", "index": 7}
    assert len(node.component.turns) == 1


async def test_how_many_operations_it_may_have(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS, batch_operations_max=3)
    assert await ask(node, "a\nb\nc") == "A\nB\nC"
    assert await ask(node, "a\nb\nc\n") == "A\nB\nC\n"
    for batch in ("a\nb\nc\nd", "\n\n\n\n"):
        with pytest.raises(PayloadTooLarge, match="batch_operations_max"):
            await node.ask("", batch, is_batch=True)
    with pytest.raises(InvalidRequest, match="no operations"):
        await node.ask("", "", is_batch=True)


async def test_an_operation_without_a_name_is_no_batch(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    with pytest.raises(InvalidRequest, match="operation's name"):
        await node.ask("", "a\n")


async def test_a_kind_without_batches_refuses_them(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    with pytest.raises(BatchUnsupported, match="kelpie:actor/batch"):
        await node.ask("", "a\n", is_batch=True)
    assert node.component.turns == []


async def test_the_version_that_runs_the_turn_decides(world: World) -> None:
    gate = Gate()
    engine = ScriptedEngine(
        old={BATCH: shout, "append": append, "slow": gate.script(append)}, new={"append": append}
    )
    node = await world.start(engine, Limits(**LIMITS))
    await node.runtime.deploy("default", "thing", b"old")
    waits = node.ask("slow", "x")
    late = node.ask("", "a\n", is_batch=True)
    await settle()
    await node.runtime.deploy("default", "thing", b"new")
    gate.open()
    await waits
    assert await outcome(late) == "batch-unsupported"
    # The instance that refused it goes on.
    assert (await outcome(node.ask("append", "y"))).endswith("y")
    assert engine.components["new"].made == 1


async def test_deploys_say_whether_they_take_batches(scripted: StartScripted) -> None:
    node = await scripted(SCRIPTS)
    assert node.runtime.kind("default", "thing").batches
    restarted = await scripted(SCRIPTS)
    assert restarted.runtime.kind("default", "thing").batches


async def test_to_take_batches_no_more_is_a_change(world: World) -> None:
    engine = ScriptedEngine(old=SCRIPTS, new={"append": append})
    node = await world.start(engine, Limits(**LIMITS))
    await node.runtime.deploy("default", "thing", b"old")
    with pytest.raises(DeployBreaking, match="batches are not taken any more"):
        await node.runtime.deploy("default", "thing", b"new", strict=True)
    assert (await node.runtime.deploy("default", "thing", b"new")).changes.batches_gone
    assert not (await node.runtime.deploy("default", "thing", b"old")).changes.batches_gone


async def test_what_was_deployed_before_there_were_batches_takes_none(
    scripted: StartScripted,
) -> None:
    node = await scripted(SCRIPTS)
    key = keyspace.deploy("default", "thing", 1)
    transaction = node.client.transaction()
    body = await read_value(transaction, key)
    assert body is not None
    version, *members = msgpack.unpackb(body)
    assert version == 2
    # As format 1 had it: neither its number, nor what follows the imports.
    write_value(transaction, key, msgpack.packb(members[:6]))
    await transaction.commit()
    found = await read_deploy(node.client.transaction(), "default", "thing", 1)
    assert not found.batches
    assert found.digest == node.component.digest


async def test_a_component_does_all_or_nothing(
    world: World, wasm: Callable[..., WasmEngine]
) -> None:
    node = await world.start(wasm(), Limits(**LIMITS))
    for kind, file in (("counter", COUNTER), ("ledger", LEDGER)):
        await node.runtime.deploy("default", kind, file.read_bytes())

    def lines(*operations: object) -> str:
        return "".join(json.dumps(each) + "\n" for each in operations)

    add = {"operation": "add", "argument": 2}
    counted = await node.get("", lines(*[add] * 500), kind="counter", is_batch=True)
    assert counted.splitlines()[-1] == '{"value":1000}'
    item = {"operation": "append", "argument": {"item": "x"}}
    await node.get("", lines(item, item, {"operation": "count"}), kind="ledger", is_batch=True)
    gone = {"operation": "remove", "argument": {"number": 9}}
    with pytest.raises(ActorRejected) as refused:
        await node.ask("", lines(item, gone, item), kind="ledger", is_batch=True)
    assert refused.value.details["index"] == 1
    assert await node.value("count", kind="ledger") == {"count": 2}
    assert await node.value("get", kind="counter") == {"value": 1000}

"""Plain Python classes as actors of a whole runtime."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import pytest

from kelpie.api.views import deploy_summary
from kelpie.errors import (
    ActorFailed,
    ActorRejected,
    ComponentRefused,
    GuestLimitExceeded,
    ReadOnlyViolation,
)
from kelpie.ids import Address, Payload, text
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.native import NativeEngine
from kelpie.native.waiting import Waiting
from kelpie.sim.engine import Foundry
from kelpie.sim.native import add_native
from kelpie.sim.run import Plan, alone, run_seed
from kelpie.sim.workload import Workload
from kelpie.wasm.turn import Caller, Outcome, Turn
from kelpie_actor.errors import DeclarationError
from tests.native.actors import Basket
from tests.runtime.support import TestNode, World
from tests.wasm.support import Answerer, StoredValues

KIND = "basket"
SEEDS = 4


@pytest.fixture
async def node() -> Any:
    world = World()
    yield await started(world)
    await world.close()
    assert world.faults == []


async def started(world: World, limits: Limits = DEFAULT_LIMITS) -> TestNode:
    engine = NativeEngine(world.env, limits=limits)
    node = await world.start(engine, limits)
    await node.runtime.deploy("default", KIND, engine.upload_of(Basket))
    return node


async def ask(node: TestNode, operation: str, **argument: object) -> Any:
    return await node.value(operation, argument or None, kind=KIND)


async def turn_of(
    operation: str, argument: object = None, limits: Limits = DEFAULT_LIMITS, **changes: Any
) -> Outcome:
    engine = NativeEngine(World().env, limits=limits)
    component = await engine.load(engine.upload_of(Basket))
    guest = await component.instantiate()
    given = {
        "address": Address("default", KIND, "one"),
        "operation": operation,
        "argument": text("" if argument is None else json.dumps(argument)),
        "request_id": "request",
        "caller": Caller("client", "me"),
        "number": 1,
        "time_ns": 1_000,
        "entropy_seed": b"seed",
        "read_only": False,
        "state": None,
        "answers": StoredValues(),
    }
    return await guest.run(Turn(**{**given, **changes}))


async def test_it_keeps_state_and_kv(node: TestNode) -> None:
    assert await ask(node, "put", item="apple", amount=2) == 2
    assert await ask(node, "put", item="fig") == 1
    # Its memory is a cache; what is not in it is waited for.
    node.runtime.drop_instances()
    assert await ask(node, "put", item="apple") == 3
    assert await ask(node, "items") == ["apple", "fig"]
    lines = '{"operation":"put","argument":{"item":"fig"}}\n{"operation":"items"}\n'
    reply = await node.get("", lines, kind=KIND, is_batch=True)
    assert reply == '2\n["apple","fig"]\n'


async def test_what_fails_is_undone_and_says_where(node: TestNode) -> None:
    await ask(node, "put", item="apple")
    with pytest.raises(ActorFailed, match=r"ValueError: out of order \(.*actors.py:\d+, in crash"):
        await ask(node, "crash")
    with pytest.raises(ActorRejected) as found:
        await ask(node, "put", item="apple", amount=0)
    assert found.value.rejection_code == "nothing"
    with pytest.raises(ReadOnlyViolation):
        await ask(node, "cheat")
    assert await ask(node, "count", item="apple") == 1
    state = await node.runtime.actors.state(Address("default", KIND, "one"))
    assert state is not None
    assert json.loads(state.data)["state"] == {"total": 1}


async def test_a_turn_decides_its_time_and_randomness() -> None:
    one, again = await turn_of("draw"), await turn_of("draw")
    assert one.reply == again.reply
    assert one.journal == again.journal
    assert (await turn_of("draw", entropy_seed=b"other")).reply != one.reply
    assert [call.name for call in one.journal if not call.name.startswith("state")] == [
        "clock.now",
        "entropy.get-u64",
        "entropy.get-uuid",
    ]


async def test_limits_hold() -> None:
    outcome = await turn_of("put", {"item": "x" * 2_000})
    assert isinstance(outcome.error, GuestLimitExceeded)
    assert outcome.instance_lost
    assert not outcome.effects


async def test_one_that_is_given_up_while_it_waits_is_ended() -> None:
    answers = StoredValues()
    asked = asyncio.get_running_loop().create_future()
    answers.kv_get = lambda _key: asked  # type: ignore[method-assign, assignment, return-value]
    running = asyncio.ensure_future(turn_of("count", {"item": "a"}, answers=answers))
    await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_function_waits_where_it_stands() -> None:
    told: list[object] = []

    async def later(value: object) -> object:
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    def work(wait: Callable[[Awaitable[Any]], Any]) -> str:
        told.append(wait(later(1)))
        try:
            wait(later(KeyError("a")))
        except KeyError as error:
            told.append(error.args)
        return "done"

    waiting: Waiting[str] = Waiting(lambda: work(waiting.wait))
    assert await waiting.run() == "done"
    assert told == [1, ("a",)]


async def test_it_is_shown_as_native(node: TestNode) -> None:
    deploy = node.runtime.kind("default", KIND)
    assert deploy.imports == ("native",)
    assert deploy_summary(deploy)["native"] is True


async def test_a_process_that_does_not_have_the_class_refuses_it() -> None:
    engine = NativeEngine(World().env)
    upload = engine.upload_of(Basket)
    assert (await engine.load(upload)).digest == sha256(upload).hexdigest()
    with pytest.raises(ComponentRefused, match="does not have"):
        await NativeEngine(World().env).load(upload)
    with pytest.raises(ComponentRefused, match="native actors alone"):
        await engine.load(b"\0asm\x0d\0\x01\0")
    with pytest.raises(DeclarationError):
        engine.upload_of(int)


@pytest.mark.slow
def test_it_runs_under_the_simulator() -> None:
    foundry = Foundry(DEFAULT_LIMITS, None)
    try:
        upload = add_native(foundry, Basket)
        workload = Workload.of(foundry.component(upload).manifest, batches=True)
        plan = Plan(alone(upload), workload, DEFAULT_LIMITS, foundry)
        runs = [run_seed(plan, seed) for seed in range(SEEDS)]
        assert [(each.seed, each.failures) for each in runs if each.failures] == []
        assert run_seed(plan, 3).trace_hash == runs[3].trace_hash
        assert sum(each.faults.total() for each in runs) > 0
    finally:
        foundry.close()


@pytest.mark.parametrize("asks", [True, False])
async def test_its_time_is_up_where_it_asks_and_at_its_end(asks: bool) -> None:
    limits = Limits(turn_wall_time_ms_max=20)
    rounds = 1_000_000 if asks else 20_000
    outcome = await turn_of("dawdle", {"rounds": rounds, "asks": asks}, limits)
    assert outcome.error is not None
    assert outcome.error.code == "guest-timed-out"
    assert outcome.instance_lost
    assert not outcome.effects


async def test_its_time_is_up_while_it_waits_for_the_store() -> None:
    class Never(StoredValues):
        def kv_get(self, key: bytes) -> Any:
            return asyncio.get_running_loop().create_future()

    given = {"limits": Limits(turn_wall_time_ms_max=20), "answers": Never()}
    outcome = await turn_of("count", {"item": "tea"}, **given)
    assert outcome.error is not None
    assert outcome.error.code == "guest-timed-out"


async def test_its_time_stands_still_while_it_waits_for_another_actor() -> None:
    class Slow(Answerer):
        async def call(self, *asked: object) -> Payload:
            await asyncio.sleep(0.1)
            return text('"late"')

    given = {"limits": Limits(turn_wall_time_ms_max=50), "answers": Slow()}
    outcome = await turn_of("ask", {"key": "other"}, **given)
    assert outcome.error is None, outcome.error

"""Batches: many operations in one call of the guest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.env.real import RealEnv
from kelpie.errors import ActorFailed, ActorRejected, ComponentRefused
from kelpie.ids import Payload, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.batch import line_count
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Outcome
from tests.guests import made
from tests.wasm.support import COUNTER, ROGUE, Workbench, reply_json, turn


def lines(operations: Iterable[object]) -> str:
    return "".join(json.dumps(each) + "\n" for each in operations)


def add(amount: int) -> dict[str, object]:
    return {"operation": "add", "argument": amount}


def replies(outcome: Outcome) -> list[object]:
    assert outcome.error is None, outcome.error
    assert outcome.reply is not None
    assert outcome.reply.is_text
    return [json.loads(line) for line in outcome.reply.data.splitlines()]


async def test_one_call_does_all_and_saves_once(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    outcome = await guest.run(turn("", lines(map(add, range(1000))), is_batch=True))
    assert replies(outcome)[:3] == [{"value": 0}, {"value": 1}, {"value": 3}]
    assert len(replies(outcome)) == 1000
    assert outcome.effects.state == text(b'{"value":499500}')
    assert [call.name for call in outcome.journal] == ["state.load", "state.save"]


async def test_batches_and_operations_take_turns_in_one_instance(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    for value in range(0, 9, 3):
        assert reply_json(await guest.run(turn("increment"))) == {"value": value + 1}
        outcome = await guest.run(turn("", lines([add(1), add(1)]), is_batch=True))
        assert replies(outcome)[1] == {"value": value + 3}


async def test_the_last_line_need_not_end(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    batch = lines([add(1), add(2)]).removesuffix("\n")
    assert replies(await guest.run(turn("", batch, is_batch=True)))[1] == {"value": 3}


async def test_reads_alone_write_nothing(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    outcome = await guest.run(turn("", lines([{"operation": "get"}] * 3), is_batch=True))
    assert replies(outcome) == [{"value": 0}] * 3
    assert not outcome.effects


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "bad-line"),
        ("[]", "bad-line"),
        ('{"operation": "nap"}', "unknown-operation"),
        ('{"operation": "add", "argument": "x"}', "bad-argument"),
        ('{"operation": "add", "argument": 9007199254740991}', "overflow"),
    ],
)
async def test_the_first_that_is_refused_undoes_all(
    workbench: Workbench, line: str, code: str
) -> None:
    guest = await workbench.guest(COUNTER)
    batch = lines([add(1)]) + line + "\n" + lines([{"operation": "nap"}])
    outcome = await guest.run(turn("", batch, is_batch=True))
    assert isinstance(outcome.error, ActorRejected)
    assert outcome.error.rejection_code == code
    assert outcome.error.details["index"] == 1
    assert not outcome.effects
    assert outcome.instance_lost


async def test_a_failure_has_its_index(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    broken = Payload(True, b"no counter's")
    batch = lines([{"operation": "reset"}, {"operation": "get"}])
    outcome = await guest.run(turn("", batch, is_batch=True, state=broken))
    assert replies(outcome) == [{"value": 0}] * 2
    guest = await workbench.guest(COUNTER)
    outcome = await guest.run(turn("", lines([add(1)]), is_batch=True, state=broken))
    assert isinstance(outcome.error, ActorFailed)
    assert outcome.error.details["index"] == 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (partial(made.batching, "1\n2"), "answered with 2 lines"),
        (partial(made.batching, "1\n"), "answered with 1 lines"),
        (partial(made.batching, "1\n2\n3\n"), "answered with 3 lines"),
        (partial(made.batching, "1\n2\n3"), "answered with 3 lines"),
        (partial(made.batching, ""), "answered with 0 lines"),
        (partial(made.batching, fails_at=2), "failed at index 2"),
    ],
)
async def test_answers_that_do_not_fit(
    workbench: Workbench, make: Callable[[], bytes], told: str
) -> None:
    instance = await (await workbench.engine.load(make())).instantiate()
    outcome = await instance.run(turn("", lines([add(1), add(2)]), is_batch=True))
    assert outcome.error is not None
    assert outcome.error.code == "guest-broke-contract"
    assert told in outcome.error.message


async def test_replies_are_bounded(env: RealEnv, cache_directory: Path) -> None:
    limits = replace(DEFAULT_LIMITS, payload_bytes_max=20)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=False))
    guest = await (await bench.engine.load(made.batching("x" * 20 + "\n"))).instantiate()
    outcome = await guest.run(turn("", lines([add(1)]), is_batch=True))
    assert outcome.error is not None
    assert outcome.error.code == "guest-limit-exceeded"
    assert outcome.error.details["limit"] == "payload_bytes_max"
    bench.close()


async def test_who_takes_batches(workbench: Workbench) -> None:
    assert (await workbench.component(COUNTER)).batches
    assert not (await workbench.component(ROGUE)).batches
    assert (await workbench.engine.inspect(COUNTER.read_bytes())).batches
    assert (await workbench.engine.load(made.batching("1\n"))).batches


async def test_a_batch_of_another_shape_is_refused(workbench: Workbench) -> None:
    with pytest.raises(ComponentRefused, match="invoke-batch"):
        await workbench.engine.load(made.with_another_batch())


@given(st.lists(st.binary().map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_lines_are_counted(found: list[bytes]) -> None:
    ended = b"".join(line + b"\n" for line in found)
    assert line_count(ended) == len(found)
    if found and found[-1]:
        assert line_count(ended[:-1]) == len(found)

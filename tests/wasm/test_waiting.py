"""Host calls that wait: the guest stays on its fiber, and others run meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import GuestLimitExceeded, GuestTimedOut, HostFault, StoreReadFailed
from kelpie.ids import Payload, binary, text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Outcome, Page
from tests.wasm.support import ROGUE, StoredValues, Workbench, reply_json, turn


class SlowValues(StoredValues):
    """Answers when told to; each question is kept with the future of its answer."""

    def __init__(self, values: dict[bytes, Payload] | None = None) -> None:
        super().__init__(values or {})
        self.open: list[tuple[bytes, asyncio.Future[Payload | None]]] = []
        self.arrived = asyncio.Event()

    def kv_get(self, key: bytes) -> Awaitable[Payload | None]:
        future = asyncio.get_running_loop().create_future()
        self.open.append((key, future))
        self.arrived.set()
        return future

    async def question(self) -> asyncio.Future[Payload | None]:
        """The next question's future."""
        await self.arrived.wait()
        self.arrived.clear()
        return self.open[-1][1]


async def asking(bench: Workbench, answers: StoredValues, key: str = "k") -> asyncio.Task[Outcome]:
    guest = await bench.guest()
    return asyncio.create_task(guest.run(turn("kv_get", {"key": key}, answers=answers)))


@pytest.fixture(params=[False, True], ids=["simulation", "production"])
async def bench(
    request: pytest.FixtureRequest, workbench: Workbench, ticking: Workbench
) -> Workbench:
    return ticking if request.param else workbench


@pytest.mark.parametrize("answer", [text("late"), binary(b"\x00\xff"), text("x" * 100_000)])
async def test_a_late_answer_reaches_the_guest(bench: Workbench, answer: Payload) -> None:
    answers = SlowValues()
    task = await asking(bench, answers)
    question = await answers.question()
    assert not task.done()
    question.set_result(answer)
    outcome = await task
    assert outcome.reply == answer
    assert outcome.journal == [("kv.get", (b"k",), answer)]


async def test_a_thousand_guests_wait_at_once(bench: Workbench) -> None:
    answers = SlowValues()
    tasks = [await asking(bench, answers, f"k{index}") for index in range(1_000)]
    while len(answers.open) < 1_000:
        await asyncio.sleep(0)
    for key, question in reversed(answers.open):
        question.set_result(text(b"value of " + key))
    for index, task in enumerate(tasks):
        assert (await task).reply == text(f"value of k{index}")


async def test_other_turns_run_while_one_waits(bench: Workbench) -> None:
    answers = SlowValues()
    task = await asking(bench, answers)
    question = await answers.question()
    for size in (10, 100_000):
        other = await bench.run("echo", "o" * size)
        assert other.reply == text("o" * size)
    question.set_result(None)
    outcome = await task
    assert outcome.error is not None
    assert outcome.error.details["rejection"] == "absent"


async def test_a_listing_may_wait(bench: Workbench) -> None:
    class Answers(StoredValues):
        async def kv_list(self, *_arguments: object) -> Page:
            await asyncio.sleep(0)
            return Page([(b"a", text("1")), (b"b", binary(b"\x02"))], more=True)

    outcome = await bench.run("kv_list", {}, answers=Answers())
    assert [entry["key"] for entry in reply_json(outcome)["entries"]] == ["a", "b"]


class Broken(Exception):
    pass


async def test_an_answer_that_is_cancelled_is_an_error(bench: Workbench) -> None:
    answers = SlowValues()
    task = await asking(bench, answers)
    (await answers.question()).cancel()
    outcome = await task
    assert type(outcome.error) is HostFault
    assert isinstance(outcome.error.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("raised", [StoreReadFailed("gone"), Broken("a bug")])
async def test_an_error_in_place_of_an_answer(bench: Workbench, raised: Exception) -> None:
    answers = SlowValues()
    task = await asking(bench, answers)
    (await answers.question()).set_exception(raised)
    outcome = await task
    assert outcome.instance_lost
    if isinstance(raised, StoreReadFailed):
        assert outcome.error is raised
    else:
        assert type(outcome.error) is HostFault
        assert outcome.error.__cause__ is raised


async def test_an_answer_over_a_limit_ends_the_turn(env: RealEnv, cache_directory: object) -> None:
    limits = replace(DEFAULT_LIMITS, turn_host_call_bytes_max=1_000)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=False))  # type: ignore[arg-type]
    answers = SlowValues()
    task = await asking(bench, answers)
    (await answers.question()).set_result(text("x" * 1_001))
    outcome = await task
    assert type(outcome.error) is GuestLimitExceeded
    bench.close()


async def cancel_while_waiting(
    bench: Workbench, end: Callable[[asyncio.Task[Outcome]], object]
) -> None:
    answers = SlowValues()
    guest = await bench.guest()
    task = asyncio.create_task(guest.run(turn("kv_get", {"key": "k"}, answers=answers)))
    question = await answers.question()
    end(task)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert guest.held_bytes == 0
    assert question.cancelled()
    with pytest.raises(HostFault, match="closed"):
        await guest.run(turn("echo"))


async def test_cancelling_kills_the_guest(bench: Workbench) -> None:
    for _ in range(100):
        await cancel_while_waiting(bench, lambda task: task.cancel())


async def test_closing_a_guest_in_mid_turn(bench: Workbench) -> None:
    answers = SlowValues()
    guest = await bench.guest()
    task = asyncio.create_task(guest.run(turn("kv_get", {"key": "k"}, answers=answers)))
    question = await answers.question()
    guest.close()
    question.set_result(text("too late"))
    outcome = await task
    assert type(outcome.error) is HostFault
    assert outcome.instance_lost


async def test_waiting_longer_than_a_turn_may_take(env: RealEnv, cache_directory: object) -> None:
    limits = replace(DEFAULT_LIMITS, turn_wall_time_ms_max=20)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=False))  # type: ignore[arg-type]
    answers = SlowValues()
    outcome = await (await asking(bench, answers))
    assert type(outcome.error) is GuestTimedOut
    assert outcome.instance_lost
    assert answers.open[0][1].cancelled()
    bench.close()


async def test_two_turns_at_once_are_a_bug_of_the_host(bench: Workbench) -> None:
    answers = SlowValues()
    guest = await bench.guest(ROGUE)
    task = asyncio.create_task(guest.run(turn("kv_get", {"key": "k"}, answers=answers)))
    question = await answers.question()
    with pytest.raises(AssertionError, match="one turn at a time"):
        await guest.run(turn("echo", "second"))
    question.set_result(text("first"))
    assert (await task).reply == text("first")

"""The production Env does what the protocol says of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
import uvloop

from kelpie.env import Env, ThreadedEnv
from kelpie.env.real import RealEnv, run

Fault = tuple[str, BaseException | None]


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
async def env(faults: list[Fault]) -> AsyncIterator[RealEnv]:
    env = RealEnv(lambda what, error: faults.append((what, error)))
    yield env
    env.close()


async def test_is_an_env_with_threads(env: RealEnv) -> None:
    plain: Env = env
    threaded: ThreadedEnv = env
    assert plain is threaded


async def test_ids_differ_and_are_32_hex_digits(env: RealEnv) -> None:
    ids = {env.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)
    assert len(env.random_bytes(17)) == 17


async def test_monotonic_clock_never_goes_back(env: RealEnv) -> None:
    readings = [env.monotonic_ns() for _ in range(1000)]
    assert readings == sorted(readings)


async def test_spawned_work_is_kept_until_it_ends(env: RealEnv) -> None:
    done: asyncio.Future[str] = env.future()

    async def work() -> None:
        await env.sleep(1)
        done.set_result("kept")

    env.spawn(work(), "work")
    assert await env.within(5000, done) == "kept"


async def test_unawaited_failure_reaches_the_fault_handler(
    env: RealEnv, faults: list[Fault]
) -> None:
    async def work() -> None:
        raise LookupError("lost")

    env.spawn(work(), "loser")
    while not faults:
        await env.sleep(0)
    what, error = faults[0]
    assert "loser" in what
    assert isinstance(error, LookupError)


async def test_awaited_failure_is_no_fault(env: RealEnv, faults: list[Fault]) -> None:
    async def work() -> None:
        raise LookupError("found")

    task = env.spawn(work(), "finder")
    await env.sleep(1)
    with pytest.raises(LookupError):
        await task
    del task
    await env.sleep(0)
    assert faults == []


async def test_failing_callback_is_a_fault(env: RealEnv, faults: list[Fault]) -> None:
    def broken() -> None:
        raise LookupError("called")

    env.call_soon(broken)
    env.call_later(0, broken)
    while len(faults) < 2:
        await env.sleep(1)
    assert all(isinstance(error, LookupError) for _, error in faults)


async def test_cancelled_callbacks_do_not_run(env: RealEnv) -> None:
    ran: list[str] = []
    env.call_soon(ran.append, "soon").cancel()
    env.call_later(1, ran.append, "later").cancel()
    env.call_later(2, ran.append, "kept")
    while not ran:
        await env.sleep(1)
    assert ran == ["kept"]


async def test_within_cancels_what_takes_too_long(env: RealEnv) -> None:
    cancelled = False

    async def slow() -> None:
        nonlocal cancelled
        try:
            await env.future()
        except asyncio.CancelledError:
            cancelled = True
            raise

    with pytest.raises(TimeoutError):
        await env.within(1, slow())
    assert cancelled


async def test_blocking_work_runs_beside_the_loop(env: RealEnv) -> None:
    gate = threading.Event()
    waiting = env.spawn(env.blocking(gate.wait, 10), "waiting")
    env.call_soon(gate.set)  # runs although the other thread is blocked
    assert await waiting is True


async def test_blocking_failure_comes_back(env: RealEnv) -> None:
    with pytest.raises(ZeroDivisionError):
        await env.blocking(lambda: 1 // 0)


async def test_a_thread_reports_to_the_loop(env: RealEnv) -> None:
    told = env.future()
    thread = env.start_thread(
        lambda: env.from_thread(told.set_result, threading.current_thread().name), "reporter"
    )
    assert await told == "reporter"
    thread.join()


async def test_a_thread_that_fails_is_a_fault(env: RealEnv, faults: list[Fault]) -> None:
    env.start_thread(lambda: 1 // 0, "divider").join()
    while not faults:
        await env.sleep(0)
    assert "divider" in faults[0][0]
    assert isinstance(faults[0][1], ZeroDivisionError)


async def test_ticker_ticks_until_cancelled(env: RealEnv) -> None:
    ticks: list[int] = []
    third = env.future()

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            env.from_thread(third.set_result, None)

    ticker = env.every(1, tick, "ticker")
    await third
    ticker.cancel()
    count = len(ticks)
    await env.sleep(10)
    assert len(ticks) == count


def test_run_uses_uvloop_and_returns_the_result() -> None:
    async def main(env: RealEnv) -> bool:
        await env.sleep(0)
        return isinstance(asyncio.get_running_loop(), uvloop.Loop)

    assert run(main, lambda *_: None)

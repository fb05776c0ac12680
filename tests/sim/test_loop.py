from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from kelpie.errors import Overloaded
from kelpie.sim.loop import Deadlock, Livelock, SimLoop
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace


@pytest.fixture
def loop() -> Iterator[SimLoop]:
    loop = make_loop(1)
    yield loop
    loop.close()


def make_loop(seed: int, steps_max: int = 100_000) -> SimLoop:
    return SimLoop(Tape.from_seed(seed, Trace()), steps_max=steps_max, time_ms_max=3_600_000)


async def _append(log: list[str], *names: str) -> None:
    for name in names:
        log.append(name)
        await asyncio.sleep(0)


def test_it_runs_ordinary_asyncio(loop: SimLoop) -> None:
    async def main() -> list[int]:
        async def one(number: int) -> int:
            await asyncio.sleep(10 - number)
            return number

        async with asyncio.timeout(100):
            return await asyncio.gather(*(one(number) for number in range(5)))

    assert loop.run_until_complete(main()) == [0, 1, 2, 3, 4]


def test_time_is_virtual(loop: SimLoop) -> None:
    loop.run_until_complete(asyncio.sleep(3000))
    assert 3000 <= loop.time() < 3001


def test_a_timeout_fires(loop: SimLoop) -> None:
    async def main() -> None:
        async with asyncio.timeout(5):
            await asyncio.sleep(6)

    with pytest.raises(TimeoutError):
        loop.run_until_complete(main())


def test_within_a_node_it_is_first_come_first_served(loop: SimLoop) -> None:
    log: list[int] = []

    async def main() -> None:
        for number in range(50):
            loop.call_soon(log.append, number)
        await asyncio.sleep(1)

    loop.run_until_complete(main())
    assert log == list(range(50))


def test_between_nodes_the_tape_decides() -> None:
    def order(seed: int) -> str:
        loop = make_loop(seed)
        log: list[str] = []
        tasks = [loop.spawn(loop.node(n), _append(log, *(n * 10)), n) for n in "abc"]
        loop.run_until_complete(asyncio.wait(tasks))
        loop.close()
        return "".join(log)

    orders = {order(seed) for seed in range(20)}
    assert len(orders) == 20
    assert order(3) == order(3)


def test_timers_are_never_early(loop: SimLoop) -> None:
    late: list[float] = []

    async def main() -> None:
        for delay in (0.0, 0.001, 0.5, 1.7, 3600 / 7):
            due = loop.time() + delay
            await asyncio.sleep(delay)
            late.append(loop.time() - due)
            due = loop.time() + delay
            await loop.elapsed(int(delay * 1e9))
            late.append(loop.time() - due)

    loop.run_until_complete(main())
    assert all(0 <= each < 0.001 for each in late)


def test_nothing_of_the_dead_runs_again() -> None:
    loop = make_loop(1)
    log: list[str] = []
    node = loop.node("victim")

    async def victim() -> None:
        try:
            loop.call_later(1, log.append, "timer")
            await asyncio.sleep(2)
            log.append("went on")
        finally:
            log.append("cleanup")

    async def main() -> None:
        loop.spawn(node, victim(), "victim")
        await asyncio.sleep(0.5)
        loop.kill(node)
        loop.spawn(node, _append(log, "born dead"), "ghost")
        await asyncio.sleep(10)
        assert log == []

    loop.run_until_complete(main())
    # At the end of the world it is unwound, so that it frees what it holds.
    loop.close()
    assert log == ["cleanup"]
    assert loop.faults == []


def test_what_the_dead_have_sent_arrives(loop: SimLoop) -> None:
    node = loop.node("victim")

    async def victim(letter: asyncio.Future[str]) -> None:
        letter.set_result("farewell")
        loop.kill(node)

    async def main() -> str:
        letter: asyncio.Future[str] = loop.create_future()
        loop.spawn(node, victim(letter), "victim")
        return await letter

    assert loop.run_until_complete(main()) == "farewell"


@pytest.mark.parametrize(
    "wait", [lambda _: asyncio.sleep(0.1), lambda loop: loop.elapsed(100_000_000)]
)
def test_a_paused_node_goes_on_where_it_was(
    loop: SimLoop, wait: Callable[[SimLoop], Awaitable[None]]
) -> None:
    log: list[str] = []
    node = loop.node("sleeper")

    async def sleeper() -> None:
        while True:
            await wait(loop)
            log.append("tick")

    async def main() -> None:
        loop.spawn(node, sleeper(), "sleeper")
        await asyncio.sleep(1)
        loop.pause(node)
        ticks = len(log)
        assert ticks > 5
        await asyncio.sleep(10)
        assert len(log) == ticks
        loop.resume(node)
        await asyncio.sleep(0.001)
        assert len(log) == ticks + 1

    loop.run_until_complete(main())


def test_a_deadlock_is_found(loop: SimLoop) -> None:
    paused = loop.node("lost")

    async def main() -> None:
        loop.pause(paused)
        await loop.create_future()

    with pytest.raises(Deadlock, match="lost"):
        loop.run_until_complete(main())


def test_a_livelock_is_found() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    loop = make_loop(1, steps_max=1000)
    with pytest.raises(Livelock):
        loop.run_until_complete(main())
    loop.close()


def test_what_fails_unheard_is_kept(loop: SimLoop) -> None:
    async def fails() -> None:
        raise ValueError("unheard")

    def breaks() -> None:
        raise ValueError("a callback")

    async def main() -> None:
        loop.spawn(loop.node("n"), fails(), "fails")
        loop.call_soon(breaks)
        await asyncio.sleep(1)

    loop.run_until_complete(main())
    unheard = "\n".join(loop.unheard())
    assert "ValueError('unheard')" in unheard
    assert "a callback" in unheard


@pytest.mark.parametrize(("error", "count"), [(Overloaded("busy"), 0), (ValueError("bug"), 1)])
def test_the_dead_hear_nothing(loop: SimLoop, error: Exception, count: int) -> None:
    """An expected error of a task whose listener died is no fault; a bug is one."""
    node = loop.node("n")

    async def fails() -> None:
        raise error

    async def main() -> None:
        loop.spawn(node, fails(), "fails")
        await asyncio.sleep(1)
        loop.kill(node)

    loop.run_until_complete(main())
    assert len(loop.unheard()) == count
    for task in node.tasks:
        task.exception()


def test_there_are_no_threads(loop: SimLoop) -> None:
    with pytest.raises(NotImplementedError):
        loop.run_in_executor(None, print)
    with pytest.raises(NotImplementedError):
        loop.call_soon_threadsafe(print)


async def test_there_are_no_sockets() -> None:
    with pytest.raises(NotImplementedError):
        await make_loop(1).create_connection(asyncio.Protocol, "localhost", 1)

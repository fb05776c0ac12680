from __future__ import annotations

import asyncio

import pytest

from kelpie.sim.env import SimEnv
from kelpie.sim.tape import Tape
from kelpie.sim.trace import Trace
from tests.sim.test_loop import make_loop


def _env(seed: int, name: str = "node") -> SimEnv:
    loop = make_loop(seed)
    return SimEnv(loop, loop.node(name), Tape.from_seed(seed, Trace()))


@pytest.mark.parametrize("seed", range(20))
def test_waits_are_never_short_on_the_nodes_own_clock(seed: int) -> None:
    env = _env(seed)

    async def main() -> None:
        for delay_ms in (1, 7, 1000, 300_000):
            before = env.monotonic_ns()
            await env.sleep(delay_ms)
            assert env.monotonic_ns() - before >= delay_ms * 1_000_000

    env._loop.run_until_complete(main())
    env._loop.close()


def test_clocks_of_nodes_differ() -> None:
    walls, monotonics = [], []
    for seed in range(10):
        env = _env(seed)
        walls.append(env.wall_ns())
        monotonics.append(env.monotonic_ns())
    assert len(set(walls)) == len(set(monotonics)) == 10


def test_only_the_wall_clock_jumps() -> None:
    env = _env(1)
    wall, monotonic = env.wall_ns(), env.monotonic_ns()
    env.jump_wall(-5_000_000_000)
    assert env.wall_ns() == wall - 5_000_000_000
    assert env.monotonic_ns() == monotonic


def test_ids_differ_even_on_a_tape_of_zeros() -> None:
    loop = make_loop(1)
    tape = Tape.replay(0, {}, Trace())
    envs = [SimEnv(loop, loop.node(name), tape) for name in ("a", "b")]
    ids = [env.new_id() for env in envs for _ in range(100)]
    assert len(set(ids)) == 200
    assert all(len(each) == 32 for each in ids)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_as_many_random_bytes_as_asked_for(count: int) -> None:
    one, other = _env(1), _env(1)
    assert len(one.random_bytes(count)) == count
    assert other.random_bytes(count) == _env(1).random_bytes(count)


def test_within_gives_up_in_time() -> None:
    env = _env(1)

    async def main() -> None:
        assert await env.within(10, asyncio.sleep(0.005, "done")) == "done"
        with pytest.raises(TimeoutError):
            await env.within(10, asyncio.sleep(1))

    env._loop.run_until_complete(main())
    env._loop.close()


def test_blocking_work_runs_in_place() -> None:
    env = _env(1)
    assert env._loop.run_until_complete(env.blocking(lambda a, b: a + b, 1, 2)) == 3
    env._loop.close()

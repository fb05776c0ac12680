"""The clock that interrupts guests ticks while there are any, and not longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import GuestTimedOut
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm import ticker as ticker_module
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.handles import NativeEngine
from kelpie.wasm.library import ADDRESS, hold
from kelpie.wasm.ticker import Ticker
from tests.wasm.support import Workbench

_new_engine = hold("wasm_engine_new_with_config", ADDRESS, ADDRESS)


class SlowClock:
    """The real Env, but that what is to run later waits for `pass_time`."""

    def __init__(self, env: RealEnv) -> None:
        self.every = env.every
        self._later: Callable[..., object] | None = None

    def call_later(self, _delay_ms: float, function: Callable[..., object]) -> SlowClock:
        self._later = function
        return self

    def cancel(self) -> None:
        self._later = None

    def pass_time(self) -> None:
        later, self._later = self._later, None
        if later is not None:
            later()


@pytest.fixture
def clock(env: RealEnv) -> SlowClock:
    return SlowClock(env)


@pytest.fixture(params=["timer", "thread"])
def ticker(
    clock: SlowClock, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Ticker:
    if request.param == "thread":
        monkeypatch.setattr(ticker_module._PosixTimer, "available", lambda: False)
    config = Configuration.of(DEFAULT_LIMITS, epochs=True).native()
    engine = NativeEngine(_new_engine(config.give_away()))
    return Ticker(clock, engine, tick_ms=1)  # type: ignore[arg-type]


async def test_it_ticks_only_while_it_is_expected(ticker: Ticker, clock: SlowClock) -> None:
    seen = [ticker.ticking]
    ticker.expect()
    seen.append(ticker.ticking)
    clock.pass_time()  # it was expected in this time
    seen.append(ticker.ticking)
    clock.pass_time()  # and not in this one
    seen.append(ticker.ticking)
    ticker.expect()
    seen.append(ticker.ticking)
    ticker.stop()
    ticker.stop()
    clock.pass_time()
    seen.append(ticker.ticking)
    assert seen == [False, True, True, False, True, False]


async def test_without_timers_a_thread_interrupts_guests(
    env: RealEnv, cache_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker_module._PosixTimer, "available", lambda: False)
    limits = replace(DEFAULT_LIMITS, turn_fuel_max=10**15, turn_wall_time_ms_max=100)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=True))
    outcomes = await asyncio.gather(*(bench.run("spin") for _ in range(3)))
    assert [type(outcome.error) for outcome in outcomes] == [GuestTimedOut] * 3
    bench.close()

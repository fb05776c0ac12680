"""An Env whose monotonic clock a test can put forward."""

from __future__ import annotations

import time

from kelpie.env.real import RealEnv

__all__ = ["ClockEnv", "fail_test"]


def fail_test(what: str, error: BaseException | None) -> None:
    raise AssertionError(what) from error


class ClockEnv(RealEnv):
    """The real Env, with a clock that can be put forward."""

    def __init__(self) -> None:
        super().__init__(fail_test)
        self._ahead_ns = 0

    def advance(self, ms: int) -> None:
        self._ahead_ns += ms * 1_000_000

    def monotonic_ns(self) -> int:
        return time.monotonic_ns() + self._ahead_ns

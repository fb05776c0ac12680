"""So many requests a second, by a clock that the test moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.access.rate import Rate

SECOND = 1_000_000_000


def test_a_second_is_saved_up_and_no_more() -> None:
    rate = Rate(5)
    for begin in (0, 100 * SECOND):
        assert [rate.take(begin) for _ in range(5)] == [0] * 5
        assert rate.take(begin) == SECOND // 5
        assert rate.take(begin + SECOND // 5) == 0
        assert rate.take(begin + SECOND // 5) > 0


def test_who_waits_as_long_as_told_is_let_in() -> None:
    rate, now = Rate(3), 7 * SECOND
    for _ in range(20):
        wait = rate.take(now)
        if wait:
            assert rate.take(now + wait - 1) > 0
            assert rate.take(now + wait) == 0
            now += wait


@given(st.integers(1, 50), st.lists(st.integers(0, SECOND), max_size=200))
def test_no_window_lets_more_through(per_second: int, pauses: list[int]) -> None:
    rate, now = Rate(per_second), 0
    let_in: list[int] = []
    for pause in pauses:
        now += pause
        if rate.take(now) == 0:
            let_in.append(now)
    for index, begin in enumerate(let_in):
        within = [each for each in let_in[index:] if each - begin < SECOND]
        # What was saved before, and what grows within the second.
        assert len(within) <= 2 * per_second

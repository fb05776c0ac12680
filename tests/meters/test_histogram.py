"""Values are counted by the bound that they do not exceed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.meters.histogram import COUNT_BOUNDS, NANOSECOND_BOUNDS, Histogram


@given(st.lists(st.integers(0, 2_000)))
def test_each_value_is_counted_once(values: list[int]) -> None:
    histogram = Histogram(COUNT_BOUNDS)
    for value in values:
        histogram.add(value)
    assert sum(histogram.counts) == len(values)
    assert histogram.total == sum(values)
    for at, bound in enumerate(COUNT_BOUNDS):
        assert sum(histogram.counts[: at + 1]) == sum(value <= bound for value in values)


def test_bounds_grow() -> None:
    for bounds in (COUNT_BOUNDS, NANOSECOND_BOUNDS):
        assert list(bounds) == sorted(set(bounds))

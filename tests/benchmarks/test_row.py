"""Rows, as they are printed."""

from __future__ import annotations

import json

from benchmarks.row import Goal, Row, as_json, as_table

FAST = Row(
    key="fast",
    title="a fast thing",
    value=1234.5678,
    unit="1/s",
    ratio=0.8,
    ratio_to="floor",
    goal=Goal(at_least=True, bound=0.75, of_ratio=True),
    details={"p50_ms": 1.5},
)
SLOW = Row(
    key="slow",
    title="a slow thing",
    value=60,
    unit="us",
    goal=Goal(at_least=False, bound=45),
    warning="measured on a Monday",
)


def test_json_has_an_object_per_row() -> None:
    assert json.loads(as_json([FAST, SLOW])) == {
        "fast": {
            "value": 1234.57,
            "unit": "1/s",
            "ratio": 0.8,
            "ratio_to": "floor",
            "goal": ">= 0.75",
            "met": True,
            "p50_ms": 1.5,
        },
        "slow": {
            "value": 60,
            "unit": "us",
            "goal": "<= 45",
            "met": False,
            "warning": "measured on a Monday",
        },
    }


def test_the_table_says_what_was_missed_and_why_a_figure_is_doubtful() -> None:
    table = as_table([FAST, SLOW])
    assert ">= 0.75 met" in table
    assert "<= 45 MISSED" in table
    assert "a slow thing: measured on a Monday" in table
    header, *lines = [line for line in table.splitlines() if line.startswith("|")]
    assert all(len(line) == len(header) for line in lines)

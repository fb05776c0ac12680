"""Rows of the result, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Goal", "Row", "as_json", "as_table"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: at the least, or at the most, `bound`."""

    at_least: bool
    bound: float
    of_ratio: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"

    def met(self, row: Row) -> bool:
        figure = row.ratio if self.of_ratio else row.value
        assert figure is not None, f"{row.key} has a goal for a ratio and no ratio"
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `ratio` is to the floor that `ratio_to` names, of the same run."""

    key: str
    title: str
    value: float
    unit: str
    ratio: float | None = None
    ratio_to: str = ""
    goal: Goal | None = None
    details: dict[str, float] = field(default_factory=dict)
    """Further figures by name, with the unit last in the name."""
    warning: str = ""
    """Why the figure cannot be trusted; empty: nothing known against it."""

    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return f"{self.goal} {'met' if self.goal.met(self) else 'MISSED'}"


def as_json(rows: Sequence[Row]) -> str:
    """One object with a key per row: `value`, `unit`, `ratio` where there is a
    floor, `goal` and `met` where there is a goal, and the details."""
    return json.dumps({row.key: _members(row) for row in rows}, indent=2)


def _members(row: Row) -> dict[str, object]:
    members: dict[str, object] = {"value": _rounded(row.value), "unit": row.unit}
    if row.ratio is not None:
        members |= {"ratio": _rounded(row.ratio), "ratio_to": row.ratio_to}
    if row.goal is not None:
        members |= {"goal": str(row.goal), "met": row.goal.met(row)}
    if row.warning:
        members["warning"] = row.warning
    return members | {name: _rounded(value) for name, value in row.details.items()}


def as_table(rows: Sequence[Row]) -> str:
    """A Markdown table, aligned, and the warnings below it."""
    cells = [("what", "value", "unit", "ratio", "p50 ms", "p99 ms", "goal")]
    cells += [
        (
            row.title,
            _shown(row.value),
            row.unit,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            _shown(row.details.get("p50_ms")),
            _shown(row.details.get("p99_ms")),
            row.verdict(),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    lines += [f"\n{row.title}: {row.warning}" for row in rows if row.warning]
    return "\n".join(lines)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    first = line[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *rest]) + " |"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")

"""`kelpie trace`: what became of a request, and of all that it has caused."""

from __future__ import annotations

import argparse
from typing import Any

from kelpie.cli.output import print_json, print_table, say
from kelpie.cli.with_host import with_host

__all__ = ["run"]

_Span = dict[str, Any]
_STEP = "  "
_US_PER_MS = 1_000
_DURATIONS = ("waited_us", "ran_us", "committed_us")


def run(options: argparse.Namespace) -> int:
    found = with_host(options, lambda client: client.trace(options.trace))
    if options.output == "json":
        print_json(found)
        return 0
    head = ("ACTOR", "OPERATION", "CAUSE", "OUTCOME", "VERSION", "WAITED", "RAN", "COMMITTED")
    print_table(head, [_row(depth, span) for depth, span in in_order(found["spans"])])
    say(f"trace {found['trace_id']}, begun at {found['spans'][0]['asked_at']}")
    return 0


def in_order(spans: list[_Span]) -> list[tuple[int, _Span]]:
    """Each behind the one that caused it, and how deep it is. One whose cause is not
    known here is a root."""
    known = {span["span_id"] for span in spans}
    below: dict[str | None, list[_Span]] = {}
    for span in spans:
        parent = span["parent_id"] if span["parent_id"] in known else None
        below.setdefault(parent, []).append(span)
    ordered: list[tuple[int, _Span]] = []
    waiting = [(0, span) for span in reversed(below.pop(None, []))]
    while waiting:
        depth, span = waiting.pop()
        ordered.append((depth, span))
        # What has the same id as another is below the first of them alone.
        waiting += [(depth + 1, each) for each in reversed(below.pop(span["span_id"], []))]
    return ordered


def _row(depth: int, span: _Span) -> tuple[str, ...]:
    return (
        _STEP * depth + f"{span['kind']}/{span['key']}",
        span["operation"] or "(batch)",
        span["cause"],
        span["outcome"],
        "-" if span["version"] is None else str(span["version"]),
        *(_told(span[name]) for name in _DURATIONS),
    )


def _told(microseconds: int | None) -> str:
    return "-" if microseconds is None else f"{microseconds / _US_PER_MS:.2f} ms"

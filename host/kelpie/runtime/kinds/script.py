"""An author's script: operations that a deploy tries a component with.

It travels in the component, in a custom section, as JSON lines like those of a
batch. So it belongs to the version, and nobody has to send it along.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from kelpie.errors import ComponentRefused
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.wasm.sections import custom_section

__all__ = ["SECTION", "Step", "parse_script", "script_of"]

SECTION = "kelpie:script"
_MEMBERS = {"operation", "argument"}


class Step(NamedTuple):
    """One operation of a script."""

    operation: str
    argument: Payload


def script_of(wasm: bytes, limits: Limits) -> tuple[Step, ...]:
    """The script in a component; empty if it has none.

    Raises:
        ComponentRefused: it has one that cannot be read.
        ComponentInvalid: the file is damaged.
    """
    lines = custom_section(wasm, SECTION)
    return () if lines is None else parse_script(lines, limits)


def parse_script(lines: bytes, limits: Limits) -> tuple[Step, ...]:
    """The operations of a script. Empty lines are left out.

    Raises:
        ComponentRefused: it is too long, or a line is no operation.
    """
    if len(lines) > limits.script_bytes_max:
        raise _refused(
            f"it has {len(lines)} bytes, over the limit script_bytes_max of "
            f"{limits.script_bytes_max}"
        )
    steps = tuple(
        _step(number, line) for number, line in enumerate(lines.split(b"\n"), 1) if line.strip()
    )
    if len(steps) > limits.script_operations_max:
        raise _refused(
            f"it has {len(steps)} operations, over the limit script_operations_max of "
            f"{limits.script_operations_max}"
        )
    return steps


def _step(number: int, line: bytes) -> Step:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise _refused(f"line {number} is no JSON: {error}") from error
    if not isinstance(found, dict) or not found.keys() <= _MEMBERS:
        raise _refused(f'line {number} is not {{"operation": "...", "argument": ...}}')
    operation = found.get("operation")
    if not isinstance(operation, str) or not operation:
        raise _refused(f"line {number} names no operation")
    argument = json.dumps(found["argument"], ensure_ascii=False) if "argument" in found else ""
    return Step(operation, text(argument))


def _refused(why: str) -> ComponentRefused:
    reason = f"its script (custom section {SECTION}) cannot be used: {why}"
    return ComponentRefused(reason, reasons=[reason], imports=[])

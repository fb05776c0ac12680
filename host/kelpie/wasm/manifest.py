"""The manifest: what a component says of itself, checked strictly."""

from __future__ import annotations

import json
import math
from typing import Any

from kelpie.limits import Limits
from kelpie.wasm.turn import Manifest, Operation

__all__ = ["ManifestInvalid", "parse_manifest"]

_MEMBERS = {"doc", "operations"}
_OPERATION_MEMBERS = {"name", "doc", "read_only", "durable", "argument", "result"}


class ManifestInvalid(Exception):
    """What `describe` returned is no manifest: `reasons` has every reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def parse_manifest(text: str, limits: Limits) -> Manifest:
    """The manifest in `text`, which `describe` returned.

    Raises:
        ManifestInvalid: it is not what the contract asks for.
    """
    try:
        found = json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
        )
        # Half a character, as JSON can escape it, could be stored and sent nowhere.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid([f"the manifest is not JSON: {error}"]) from error
    if _is_deeper(found, limits.component_describe_depth_max):
        raise ManifestInvalid(["the manifest is nested too deep (component_describe_depth_max)"])
    if not isinstance(found, dict):
        raise ManifestInvalid(["the manifest is not a JSON object"])
    reasons = _unknown("the manifest", found, _MEMBERS)
    doc = found.get("doc", "")
    if not isinstance(doc, str):
        reasons.append("doc of the manifest is not a string")
    listed = found.get("operations")
    if not isinstance(listed, list):
        raise ManifestInvalid([*reasons, "operations of the manifest is not an array"])
    if len(listed) > limits.component_operations_max:
        reasons.append(
            f"the manifest has {len(listed)} operations; at most "
            f"{limits.component_operations_max} are allowed (component_operations_max)"
        )
        raise ManifestInvalid(reasons)
    operations: dict[str, Operation] = {}
    for index, member in enumerate(listed):
        wrong = _wrong_with_operation(index, member, operations, limits)
        reasons += wrong
        if not wrong:
            operations[member["name"]] = Operation(**member)
    if reasons:
        raise ManifestInvalid(reasons)
    return Manifest(doc, operations)


def _wrong_with_operation(
    index: int, member: Any, before: dict[str, Operation], limits: Limits
) -> list[str]:
    where = f"operations[{index}]"
    if not isinstance(member, dict):
        return [f"{where} is not an object"]
    reasons = _unknown(where, member, _OPERATION_MEMBERS)
    name = member.get("name")
    if not isinstance(name, str) or not name:
        reasons.append(f"{where}.name is not a non-empty string")
    elif len(name.encode(errors="replace")) > limits.operation_name_bytes_max:
        reasons.append(
            f"{where}.name has more than {limits.operation_name_bytes_max} bytes "
            "(operation_name_bytes_max)"
        )
    elif name in before:
        reasons.append(f"{where}.name is a second {name!r}")
    if not isinstance(member.get("doc", ""), str):
        reasons.append(f"{where}.doc is not a string")
    reasons += [
        f"{where}.{flag} is not true or false"
        for flag in ("read_only", "durable")
        if not isinstance(member.get(flag, False), bool)
    ]
    if member.get("read_only") is True and member.get("durable") is True:
        reasons.append(f"{where} is read_only and durable: what changes nothing is asked again")
    # A JSON Schema is an object, or true or false; it is shown, not interpreted.
    reasons += [
        f"{where}.{schema} is no JSON Schema: neither an object nor true or false"
        for schema in ("argument", "result")
        if not isinstance(member.get(schema, {}), dict | bool)
    ]
    return reasons


def _unknown(where: str, found: dict[str, object], known: set[str]) -> list[str]:
    return [f"{where} has an unknown member {name!r}" for name in sorted(found.keys() - known)]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a member twice")
    return found


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise ValueError(f"the number {written[:40]} is too large")
    return number


def _no_constant(written: str) -> float:
    raise ValueError(f"{written} is no number")


def _is_deeper(value: object, levels: int) -> bool:
    """Whether arrays and objects are nested in more levels."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            below
            for each in level
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True

"""A ratchet on the length of files and functions.

`ceilings.json` holds those that are over the line. They may only shrink: a new
one is refused, and one that has shrunk must have its ceiling lowered.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tests.hygiene.source import host_files

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
CEILINGS: dict[str, dict[str, int]] = json.loads(
    Path(__file__).with_name("ceilings.json").read_text()
)


def _compare(found: dict[str, int], ceilings: dict[str, int], default: int) -> list[str]:
    wrong = []
    for name, lines in found.items():
        ceiling = ceilings.get(name, default)
        if lines > ceiling:
            wrong.append(f"{name} has {lines} lines; at most {ceiling}")
        elif name in ceilings and lines < ceiling:
            wrong.append(f"{name} has shrunk to {lines} lines: lower its ceiling of {ceiling}")
    wrong += [f"{name} is gone: remove its ceiling" for name in ceilings if name not in found]
    return wrong


def test_files() -> None:
    found = {file.name: len(file.path.read_text().splitlines()) for file in host_files()}
    wrong = _compare(found, CEILINGS["files"], FILE_LINES_MAX)
    assert not wrong, "\n".join(wrong)


def test_functions() -> None:
    found: dict[str, int] = {}
    for file in host_files():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                name = f"{file.module}:{node.name}"
                lines = node.end_lineno - node.lineno + 1
                found[name] = max(lines, found.get(name, 0))
    wrong = _compare(found, CEILINGS["functions"], FUNCTION_LINES_MAX)
    assert not wrong, "\n".join(wrong)


def test_the_ratchet_turns_one_way() -> None:
    assert _compare({"a": 301}, {}, 300)
    assert not _compare({"a": 300}, {}, 300)
    assert not _compare({"a": 400}, {"a": 400}, 300)
    assert _compare({"a": 401}, {"a": 400}, 300)
    assert _compare({"a": 399}, {"a": 400}, 300)
    assert _compare({}, {"a": 400}, 300)

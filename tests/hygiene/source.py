"""The host's source files, as the hygiene tests see them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HOST = ROOT / "host"


class SourceFile(NamedTuple):
    path: Path
    module: str
    room: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


@functools.cache
def host_files() -> tuple[SourceFile, ...]:
    """Every module of the host, parsed."""
    return tuple(_parse(path) for path in sorted((HOST / "kelpie").rglob("*.py")))


def _parse(path: Path) -> SourceFile:
    parts = path.relative_to(HOST).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    room = parts[1] if len(parts) > 1 else ""
    return SourceFile(path, ".".join(parts), room, ast.parse(path.read_text(), str(path)))


def imports(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in the file, by its full name.

    `from kelpie import errors` counts as `kelpie.errors`.
    """
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}:{node.lineno}: imports are absolute here"
            assert node.module is not None
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"

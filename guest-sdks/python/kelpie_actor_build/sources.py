"""What the sources show before they run: what they import, and what they use.

Read are the module to build and all modules of the project and of its other folders
that it imports, directly or not.
"""

from __future__ import annotations

import ast
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kelpie_actor_build.errors import BuildError
from kelpie_actor_build.project import Project

__all__ = ["Sources", "read_sources"]

# By what attributes of a context one sees that an interface is used.
_SIGNS = {
    "kv": ("kv",),
    "messaging": ("messaging",),
    "identity": ("address", "turn", "request_id", "caller", "peer"),
    "config": ("config",),
    "secrets": ("secret",),
}
# What every component uses: for its state, and for the clock and randomness of Python.
_ALWAYS = ("state", "clock", "entropy", "log")
# Modules of the standard library that others import when such a name is first called.
_LATE = {"strptime": "_strptime", "idna": "encodings.idna", "punycode": "encodings.punycode"}


@dataclass
class Sources:
    """What was found."""

    names: set[str] = field(default_factory=set)
    """Attributes, imported names and short strings."""
    late_imports: set[str] = field(default_factory=set)
    """Modules that are imported within functions."""

    @property
    def interfaces(self) -> set[str]:
        """The interfaces of the contract that may be used: rather too many."""
        shown = {name for name, signs in _SIGNS.items() if self.names & set(signs)}
        return shown | set(_ALWAYS)

    @property
    def lazily_imported(self) -> list[str]:
        """What has to be imported at build, as it cannot be later."""
        return sorted(self.late_imports | {_LATE[name] for name in _LATE.keys() & self.names})


def read_sources(project: Project) -> Sources:
    """
    Raises:
        BuildError: a file is not Python.
    """
    found = Sources()
    folders = (project.folder, *project.python_paths)
    waiting = [(project.module, project.main)]
    seen: set[Path] = set()
    while waiting:
        module, path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        tree = _parse(path, project)
        found.names |= set(_names(tree))
        for name, is_late in _imports(tree, module, is_package=path.name == "__init__.py"):
            if is_late:
                found.late_imports.add(name)
            waiting += _files_of(name, folders)
    return found


def _parse(path: Path, project: Project) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        shown = path.relative_to(project.folder) if project.folder in path.parents else path
        _, *line, _ = traceback.format_exception_only(error)
        python = ".".join(map(str, sys.version_info[:2]))
        message = f"{shown}:{error.lineno}: {error.msg} (Python {python})\n{''.join(line)}"
        raise BuildError(message.rstrip()) from error
    except ValueError as error:
        raise BuildError(f"{path}: {error}") from error


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # What `getattr` may be given.
            yield node.value


def _imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[str, bool]]:
    """Every name that may be a module, and whether it is imported within a function."""
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in late
        elif isinstance(node, ast.ImportFrom):
            start = _start(node, module, is_package=is_package)
            yield start, node in late
            for alias in node.names:
                # A module, or something in one: importing what is none fails quietly.
                yield f"{start}.{alias.name}", node in late


def _start(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _files_of(name: str, folders: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    """The files of a module and of the packages that it is in."""
    parts = name.split(".")
    for folder in folders:
        for count in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:count])
            for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if path.is_file():
                    yield ".".join(parts[:count]), path

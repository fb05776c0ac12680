"""Imports: all of them take place while the component is built."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from importlib.machinery import BuiltinImporter, FrozenImporter
from typing import Any, NoReturn

__all__ = ["NativeModules", "import_early", "stop"]

# What the standard library imports when it is first needed, and people need.
_EARLY = ("encodings.ascii", "encodings.latin_1", "encodings.utf_8_sig")
_NATIVE = (".so", ".pyd", ".dylib")


class NativeModules:
    """Asked when nobody else has found a module: says so if it is native code."""

    def find_spec(self, name: str, path: Any = None, _target: Any = None) -> None:
        start = name.rpartition(".")[2] + "."
        for folder in sys.path if path is None else path:
            try:
                files = os.listdir(folder)  # noqa: PTH208 - pathlib is not in every component
            except OSError:
                continue
            for file in files:
                if file.startswith(start) and file.endswith(_NATIVE):
                    raise ImportError(
                        f"{name} is native code ({file}): an actor can only use pure Python"
                    )


class _NoModules:
    """Asked at run time for what was not imported."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> NoReturn:
        raise ModuleNotFoundError(
            f"the module {name} is not in this component: a component has no files, so import "
            "it at the top of one of your modules",
            name=name,
        )


def import_early(names: Iterable[str]) -> None:
    """Imports what would be imported later, as far as it is there."""
    for name in (*_EARLY, *names):
        try:
            importlib.import_module(name)
        except ImportError:
            # Whoever wants it expects that, or is told so when it happens.
            continue


def stop() -> None:
    """From now on there is what was imported."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, _NoModules()]
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.path.clear()

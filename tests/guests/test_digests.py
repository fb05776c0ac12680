"""The committed guests are those that their sources make."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


build_guests = _load(ROOT / "tools" / "build_guests.py")


@pytest.mark.parametrize("guest", build_guests.GUESTS, ids=lambda guest: guest.name)
def test_is_up_to_date(guest) -> None:  # type: ignore[no-untyped-def]
    assert guest.why_stale() is None, f"run `python tools/build_guests.py {guest.name}`"

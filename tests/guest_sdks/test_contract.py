"""The copies of the contract in the SDKs are the contract."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "wit" / "actor.wit"
COPIES = sorted((ROOT / "guest-sdks").rglob("actor.wit"))


def test_there_are_copies() -> None:
    assert ROOT / "guest-sdks/rust/kelpie/wit/actor.wit" in COPIES


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_copy_is_equal(copy: Path) -> None:
    assert copy.read_bytes() == CONTRACT.read_bytes(), f"cp {CONTRACT} {copy}"


def test_the_rust_bindings_are_made_of_it() -> None:
    with (ROOT / "guest-sdks/rust/kelpie/src/bindings.rs").open() as bindings:
        told = bindings.readline()
    digest = hashlib.sha256(CONTRACT.read_bytes()).hexdigest()
    assert told == f"// Of the contract {digest}\n", "cargo run, in guest-sdks/rust/bindings"

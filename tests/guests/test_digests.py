"""The committed guests are those that their sources make."""

from __future__ import annotations

import pytest

from tests.tools import load_tool

build_guests = load_tool("build_guests")


@pytest.mark.parametrize("guest", build_guests.GUESTS, ids=lambda guest: guest.name)
def test_is_up_to_date(guest) -> None:  # type: ignore[no-untyped-def]
    assert guest.why_stale() is None, f"run `python tools/build_guests.py {guest.name}`"

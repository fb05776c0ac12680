"""What the tests of the SDKs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guest_sdks.components import cache


@pytest.fixture(scope="session")
def compiled_cache() -> Path:
    """Compiled guests, kept from session to session: one of Python takes long to compile."""
    return cache() / "compiled"

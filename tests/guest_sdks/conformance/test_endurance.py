"""Many turns on one instance: nothing of them stays in its memory."""

from __future__ import annotations

import pytest

from kelpie.wasm.component import LoadedComponent
from tests.guest_sdks.endurance import Endurance

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.slow
async def test_many_turns_leave_nothing_behind(loaded: LoadedComponent) -> None:
    guest = await loaded.instantiate()
    try:
        endurance = Endurance(guest)
        half = await endurance.run(10_000)
        end = await endurance.run(10_000)
    finally:
        guest.close()
    assert end.turns == 20_000
    assert end.linear_bytes == half.linear_bytes
    assert end.resident_bytes - half.resident_bytes < 64 * 1024

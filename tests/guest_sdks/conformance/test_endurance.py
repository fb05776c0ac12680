"""Many turns on one instance: nothing of them stays in its memory."""

from __future__ import annotations

import pytest

from kelpie.ids import binary
from kelpie.wasm.component import LoadedComponent
from tests.guest_sdks.conformance.languages import Language
from tests.guest_sdks.endurance import TEXT_ROUND, Endurance

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow, pytest.mark.sealed]


async def test_many_turns_leave_nothing_behind(loaded: LoadedComponent, language: Language) -> None:
    endurance = Endurance(loaded, TEXT_ROUND)
    half = await endurance.run(10_000)
    end = await endurance.run(10_000)
    endurance.close()
    assert (end.turns, end.instances) == (20_000, 1)
    assert end.linear_bytes == half.linear_bytes
    assert end.resident_bytes - half.resident_bytes <= language.late_bytes_max


async def test_no_argument_leaves_nothing_behind(
    loaded: LoadedComponent, language: Language
) -> None:
    if not language.frees_at_once:
        pytest.skip("its memory grows until it is collected for the first time")
    endurance = Endurance(loaded, (("get", ""),))
    half = await endurance.run(2_000)
    end = await endurance.run(3_000)
    endurance.close()
    assert (end.turns, end.instances) == (5_000, 1)
    # The sixteen bytes that were never given back would be 48 KiB.
    assert end.resident_bytes == half.resident_bytes


async def test_bytes_leave_nothing_behind(loaded: LoadedComponent, language: Language) -> None:
    endurance = Endurance(loaded, (("echo_bytes", binary(bytes(range(256)) * 400)),))
    # 60 MB, which is more than an instance may hold; else enough to see that nothing grows.
    turns = 300 if language.forgets_bytes else 100
    half = await endurance.run(turns)
    end = await endurance.run(turns)
    endurance.close()
    if language.forgets_bytes:
        # Before it is full, the instance is given up for a fresh one.
        assert end.instances > half.instances
    else:
        assert end.instances == 1
        assert end.resident_bytes - half.resident_bytes <= language.late_bytes_max

"""Many turns on one instance: nothing of them stays in its memory."""

from __future__ import annotations

from typing import Any

import pytest

from kelpie.ids import binary
from kelpie.wasm.component import LoadedComponent
from tests.guest_sdks.conformance.languages import Language
from tests.guest_sdks.endurance import SHORT_ROUND, Endurance

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow, pytest.mark.sealed]


async def test_many_turns_leave_nothing_behind(loaded: LoadedComponent, language: Language) -> None:
    endurance = Endurance(loaded, SHORT_ROUND)
    half = await endurance.run(10_000)
    end = await endurance.run(10_000)
    endurance.close()
    assert (end.turns, end.instances) == (20_000, 1)
    assert end.linear_bytes == half.linear_bytes
    assert end.resident_bytes - half.resident_bytes <= language.late_bytes_max


@pytest.mark.parametrize(
    ("operation", "argument"),
    [
        ("get", ""),
        ("echo_bytes", binary(b"")),
        ("echo_bytes", binary(bytes(1_000))),
        ("kv_set_bytes", {"key": "a", "hex": ""}),
        ("kv_set_bytes", {"key": "a", "hex": "00" * 1_000}),
    ],
    ids=["no argument", "no bytes", "bytes", "no bytes kept", "bytes kept"],
)
async def test_a_turn_leaves_nothing_behind(
    loaded: LoadedComponent, language: Language, operation: str, argument: Any
) -> None:
    if not language.frees_at_once:
        pytest.skip("its memory grows until it is collected for the first time")
    endurance = Endurance(loaded, ((operation, argument),))
    half = await endurance.run(2_000)
    end = await endurance.run(2_000)
    endurance.close()
    assert (end.turns, end.instances) == (4_000, 1)
    # Sixteen bytes, the smallest block, that are never given back would be 32 KiB.
    assert end.resident_bytes == half.resident_bytes


async def test_many_bytes_leave_nothing_behind(loaded: LoadedComponent, language: Language) -> None:
    endurance = Endurance(loaded, (("echo_bytes", binary(bytes(range(256)) * 400)),))
    half = await endurance.run(100)
    end = await endurance.run(100)
    endurance.close()
    assert end.instances == 1
    assert end.resident_bytes - half.resident_bytes <= language.late_bytes_max

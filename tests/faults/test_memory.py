"""Memory of the host process: what rogues took comes back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from tests.api.support import Remote
from tests.cli.host import Served, serving
from tests.faults.test_rogues import MISDEEDS, Rogue

MIB = 1 << 20
HELD_MIB = 40
HOLDERS = 12


def resident_bytes(served: Served) -> int:
    """What the process has of the machine's memory."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


async def misbehave(remote: Remote, rounds: int) -> None:
    slow = {"spin", "host_calls"}
    quick = [m for m in MISDEEDS if m[0] not in slow and m[1].get("how") != "spin"]
    for number in range(rounds):
        rogues = [Rogue(remote, f"rogue-{number % 3}-{n}") for n in range(len(quick))]
        await asyncio.gather(
            *(rogue.ask(*misdeed[:2]) for rogue, misdeed in zip(rogues, quick, strict=True))
        )


async def test_misdeeds_without_end_leave_nothing_behind(data: Path) -> None:
    with serving(data) as served:
        remote = Remote(served.url)
        await misbehave(remote, 5)
        before = resident_bytes(served)
        await misbehave(remote, 15)
        assert resident_bytes(served) < before + 32 * MIB


async def test_memory_of_a_lost_instance_comes_back(data: Path) -> None:
    with serving(data) as served:
        rogues = [Rogue(Remote(served.url), f"holder-{number}") for number in range(HOLDERS)]
        before = resident_bytes(served)
        for rogue in rogues:
            assert (await rogue.ask("hold", {"megabytes": HELD_MIB})).status == 200
        held = resident_bytes(served)
        assert held > before + HOLDERS * HELD_MIB * MIB // 2
        for rogue in rogues:
            assert (await rogue.ask("trap", {"how": "panic"})).code == "guest-trapped"
        assert resident_bytes(served) < before + HOLDERS * HELD_MIB * MIB // 4

"""The determinism gate over HTTP, with real components."""

from __future__ import annotations

from pathlib import Path

from kelpie.runtime.kinds.script import SECTION
from kelpie.wasm.sections import with_custom_section
from tests.api.support import COUNTER, LEDGER, ROGUE, Host


def carrying(file: Path, *operations: str) -> bytes:
    lines = "\n".join(f'{{"operation": "{each}"}}' for each in operations)
    return with_custom_section(file.read_bytes(), SECTION, lines.encode())


async def test_sound_components_are_deployed(host: Host) -> None:
    counter = carrying(COUNTER, "increment", "get", "add", "increment", "reset", "get")
    assert (await host.ask("PUT", "/v1/kinds/counting", counter)).status == 201
    ledger = carrying(LEDGER, "append", "count", "clear", "count")
    assert (await host.ask("PUT", "/v1/kinds/booking", ledger)).status == 201


async def test_one_that_counts_in_its_memory_is_refused(host: Host) -> None:
    rogue = carrying(ROGUE, "volatile", "volatile")
    for path in ("/v1/kinds/strange", "/v1/kinds/strange?check=true"):
        problem = await host.ask("PUT", path, rogue)
        assert (problem.status, problem.code) == (422, "component-not-deterministic")
        assert problem.json["operation"] == "volatile"
    assert (await host.ask("GET", "/v1/kinds/strange")).status == 404
    deployed = await host.ask("PUT", "/v1/kinds/strange?no_determinism_check=true", rogue)
    assert deployed.status == 201


async def test_a_script_that_traps_and_spins_is_run_to_its_end(host: Host) -> None:
    rogue = carrying(ROGUE, "trap", "spin", "whoami", "entropy")
    assert (await host.ask("PUT", "/v1/kinds/strange", rogue)).status == 201


async def test_a_script_that_is_none_is_refused(host: Host) -> None:
    counter = with_custom_section(COUNTER.read_bytes(), SECTION, b"get")
    problem = await host.ask("PUT", "/v1/kinds/counting", counter)
    assert (problem.status, problem.code) == (422, "component-refused")

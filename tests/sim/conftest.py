from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.engine import Foundry
from kelpie.sim.run import Plan
from kelpie.sim.trace import Trace
from tests.sim.seeded_bugs import plan


@pytest.fixture(scope="session")
def foundry(compiled_cache: Path) -> Iterator[Foundry]:
    foundry = Foundry(DEFAULT_LIMITS, compiled_cache)
    yield foundry
    foundry.close()


@pytest.fixture(scope="session")
def counter(foundry: Foundry) -> Plan:
    return plan("counter", foundry)


@pytest.fixture(scope="session")
def ledger(foundry: Foundry) -> Plan:
    return plan("ledger", foundry)


@pytest.fixture(scope="session")
def deletions(foundry: Foundry) -> Plan:
    return plan("deletions", foundry)


@pytest.fixture(scope="session")
def bank(foundry: Foundry) -> Plan:
    return plan("bank", foundry)


@pytest.fixture(scope="session")
def parcels(foundry: Foundry) -> Plan:
    return plan("parcels", foundry)


@pytest.fixture(scope="session")
def transfers(foundry: Foundry) -> Plan:
    return plan("transfers", foundry)


@pytest.fixture(scope="session")
def rounds(foundry: Foundry) -> Plan:
    return plan("rounds", foundry)


@pytest.fixture
def trace() -> Trace:
    return Trace(keep=True)

"""A little of `tests.fuzz.http`, each time."""

from __future__ import annotations

import pytest

from kelpie.api.routes import ROUTES
from tests.cli.host import Served
from tests.fuzz.http import Api, deploy

EXAMPLES = 5


@pytest.fixture(scope="module")
def api(served: Served) -> Api:
    deploy(served)
    return Api(served)


@pytest.mark.parametrize(
    "name", [*(route.name for route in ROUTES), "counter.add", "counter.get", "ledger.append"]
)
def test_every_answer_is_one_of_the_document(api: Api, name: str) -> None:
    for mode in api.modes(name):
        api.ask(name, mode, EXAMPLES, same=True)

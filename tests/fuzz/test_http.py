"""A little of `tests.fuzz.http`, each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.api.routes import ROUTES
from tests.cli.host import serving
from tests.fuzz.http import Api, deploy

EXAMPLES = 5


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, compiled_cache: Path) -> Iterator[Api]:
    data = tmp_path_factory.mktemp("fuzz") / "data"
    data.mkdir()
    (data / "compiled").symlink_to(compiled_cache)
    with serving(data) as served:
        deploy(served)
        yield Api(served)
        assert served.process.poll() is None


@pytest.mark.parametrize(
    "name", [*(route.name for route in ROUTES), "counter.add", "counter.get", "ledger.append"]
)
def test_every_answer_is_one_of_the_document(api: Api, name: str) -> None:
    for mode in api.modes(name):
        api.ask(name, mode, EXAMPLES, same=True)

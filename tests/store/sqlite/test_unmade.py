"""A store that could not be made leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kelpie.errors import StoreFull
from kelpie.store.sqlite.directory import DataDirectory
from kelpie.store.sqlite.schema import NEW_FILE_NAME
from kelpie.store.sqlite.unmade import unmade_on_failure


def test_one_that_was_half_made_is_gone(tmp_path: Path) -> None:
    made = tmp_path / "data"

    def half_make() -> None:
        directory = DataDirectory(made)
        (made / NEW_FILE_NAME).touch()
        directory.close()
        raise StoreFull("the disk is full")

    with pytest.raises(StoreFull), unmade_on_failure(made):
        half_make()
    assert list(tmp_path.iterdir()) == []

"""Whether a project's folders can be read to their end.

componentize-py looks through all that lies below the folders that it is given, also
behind links. Where one leads to a folder that it lies in itself, that may take for ever, or
end where something cannot be read; so it is found before.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from kelpie_actor_build.errors import BuildError

__all__ = ["ENTRIES_MAX", "check_folders"]

ENTRIES_MAX = 500_000
"""Files and folders below one of a project's folders."""

# A folder is the same by whatever path it is reached.
_Identity: TypeAlias = tuple[int, int]


def check_folders(folders: Iterable[Path]) -> None:
    """
    Raises:
        BuildError: one of them has more below it than `ENTRIES_MAX`, or something that
            cannot be read.
    """
    for folder in folders:
        _Walk(folder).to_the_end()


class _Walk:
    """Through all below a folder, as componentize-py goes: a link back is followed
    until the system says that these are too many."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._link_back: os.DirEntry[str] | None = None
        self._counts = Counter[str]()

    def to_the_end(self) -> None:
        """Raises:
        BuildError
        """
        real = self._top.resolve()
        above = frozenset(_identity(each) for each in (real, *real.parents))
        waiting = [(each, above, each.name) for each in self._entries(self._top)]
        while waiting:
            entry, passed, child = waiting.pop()
            self._counts[child] += 1
            if self._counts.total() > ENTRIES_MAX:
                raise BuildError(self._too_many())
            if not _is_folder(entry):
                continue
            identity = _identity(entry)
            if identity in passed and self._link_back is None:
                self._link_back = entry
            passed |= {identity}
            waiting += [(each, passed, child) for each in self._entries(entry)]

    def _entries(self, folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except OSError as error:
            reason = f"{os.fspath(folder)} is in the project and cannot be read: {error.strerror}"
            raise BuildError(self._back() or reason) from error

    def _too_many(self) -> str:
        ((child, _),) = self._counts.most_common(1)
        return self._back() or (
            f"{self._top} has more than {ENTRIES_MAX:,} files below it, most of them in {child}: "
            "all that is below a project's folder is looked through. Move it, or the link to it, "
            "elsewhere"
        )

    def _back(self) -> str | None:
        if self._link_back is None:
            return None
        link = self._link_back.path
        return (
            f"{link} leads to {os.path.realpath(link)}, which it lies in itself: all that is "
            "below a project's folder is looked through, which has no end here. Remove the link"
        )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads through too many others
        return False


def _identity(folder: os.PathLike[str]) -> _Identity:
    found = Path(folder).stat()
    return found.st_dev, found.st_ino

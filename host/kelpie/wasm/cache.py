"""Compiled forms, kept on disk between runs of the host.

An entry is written to a file of its own, synced, and renamed into place, so
that two processes never see each other's halves. It begins with a checksum of
the rest, verified before anything is used: what the engine loads it executes.
A damaged entry is removed and counts as absent. The directory is private to
the user; when it outgrows its limit the entries used least recently go.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from kelpie.errors import HostFault, KelpieError, StoreFull

__all__ = ["CompiledCache", "Trouble", "do_without", "refuse"]

_MAGIC = b"kelpie-compiled-1\n"
_CHECKSUM_BYTES = 32
_HEADER_BYTES = len(_MAGIC) + _CHECKSUM_BYTES
_SUFFIX = ".compiled"


Trouble: TypeAlias = Callable[[KelpieError], None]
"""Is told why a directory cannot be used. If it raises nothing, what is wanted of the
cache is done without it."""


def do_without(_trouble: KelpieError) -> None:
    """A `Trouble`: nobody is told."""


def refuse(trouble: KelpieError) -> None:
    """A `Trouble`: then nothing is done."""
    raise trouble


class CompiledCache:
    """A directory of compiled forms, by name. Without a directory it keeps nothing."""

    def __init__(
        self, directory: Path | None, bytes_max: int, *, trouble: Trouble = refuse
    ) -> None:
        """What raises an error below if the directory cannot be used is `trouble`."""
        self._directory = directory
        self._bytes_max = bytes_max
        self._trouble = trouble

    def get_or_make(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The entry or, if there is none, what `make` gives, which is kept.

        Raises:
            StoreFull: there is no room for it.
            HostFault: the directory cannot be used.
        """
        content = self.find(name)
        if content is not None:
            return content
        content = make()
        try:
            self.put(name, content)
        except OSError as error:
            self._complain(error)
        return content

    def find(self, name: str) -> bytes | None:
        """The entry, or None if there is none that is whole.

        Raises:
            HostFault: the directory cannot be used.
        """
        try:
            return self.get(name)
        except OSError as error:
            self._complain(error)
            return None

    def get(self, name: str) -> bytes | None:
        """The entry, or None if there is none that is whole.

        Raises:
            OSError: the directory cannot be used.
        """
        if self._directory is None:
            return None
        path = self._path(self._directory, name)
        try:
            framed = path.read_bytes()
        except FileNotFoundError:
            return None
        content = framed[_HEADER_BYTES:]
        if framed[:_HEADER_BYTES] != _MAGIC + _checksum(name, content):
            path.unlink(missing_ok=True)
            return None
        os.utime(path)
        return content

    def names(self, ending: str) -> list[str]:
        """Of the entries whose names end so, those used last first. One may be gone
        when it is asked for."""
        found: list[tuple[int, str]] = []
        with suppress(OSError):
            entries = self._directory.glob(f"*{ending}{_SUFFIX}") if self._directory else ()
            found.extend((each.stat().st_mtime_ns, each.name) for each in entries)
        return [name.removesuffix(_SUFFIX) for _, name in sorted(found, reverse=True)]

    def put(self, name: str, content: bytes) -> None:
        """Keeps an entry, durably. An entry larger than the limit is not kept.

        Raises:
            OSError: it cannot be written; nothing was kept.
        """
        if self._directory is None or len(content) + _HEADER_BYTES > self._bytes_max:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + _checksum(name, content))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path(self._directory, name))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._trim(self._directory)

    def remove(self, name: str) -> None:
        """Forgets an entry that turned out to be of no use.

        Raises:
            HostFault: the directory cannot be used.
        """
        if self._directory is None:
            return
        try:
            self._path(self._directory, name).unlink(missing_ok=True)
        except OSError as error:
            self._complain(error)

    def _complain(self, error: OSError) -> None:
        trouble = self._unusable(error)
        trouble.__cause__ = error
        self._trouble(trouble)

    def _unusable(self, error: OSError) -> KelpieError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StoreFull(
                f"the disk is full: there is no room for a compiled form in {self._directory}"
            )
        return HostFault(f"the cache in {self._directory} cannot be used: {error}")

    def _path(self, directory: Path, name: str) -> Path:
        assert name.replace("-", "").isalnum(), "entries are named by digests"
        return directory / f"{name}{_SUFFIX}"

    def _trim(self, directory: Path) -> None:
        entries: list[tuple[int, int, Path]] = []
        for path in directory.iterdir():
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # another process was faster
            entries.append((found.st_mtime_ns, found.st_size, path))
        entries.sort(reverse=True)
        total = 0
        for _, size, path in entries:
            total += size
            if total > self._bytes_max:
                path.unlink(missing_ok=True)


def _checksum(name: str, content: bytes) -> bytes:
    # The name is in it: an entry is of no use in another's place.
    return hashlib.blake2b(content, digest_size=_CHECKSUM_BYTES, person=_person(name)).digest()


def _person(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=hashlib.blake2b.PERSON_SIZE).digest()

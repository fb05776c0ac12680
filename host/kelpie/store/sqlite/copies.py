"""Copies of the store: a backup in one file, taken while a host serves or not,
and a data directory made of one."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from kelpie.errors import DataDirectoryLocked, StoredValueCorrupt, StoreFull
from kelpie.store.format import known_format
from kelpie.store.frame import unframe
from kelpie.store.keyspace import has_frame, store_format
from kelpie.store.sqlite.directory import DataDirectory, fresh_directory, sync
from kelpie.store.sqlite.schema import (
    FILE_NAME,
    check_readable,
    connect_reader,
    failed_read,
    is_kelpie_file,
    read_version,
)

__all__ = ["Contents", "back_up", "check_store", "restore"]

_ALL = "SELECT key, value FROM pairs ORDER BY key"
_ONE = "SELECT value FROM pairs WHERE key = ?"
_PARTIAL = ".partial"
# What is said of damage, unless it is the backup itself.
_FROM_A_BACKUP = ": restore it from a backup"


class Contents(NamedTuple):
    """What a checked store holds."""

    pairs: int
    bytes: int
    """Of keys and values."""
    version: int
    """Of its last commit."""


def back_up(directory: Path, file: Path) -> Contents:
    """Copies the store in `directory` into `file`, as of one commit, and checks
    every value of the copy.

    A host that serves from the directory goes on, and is not waited for. When
    this returns the file is whole and durable; until then it does not exist.

    Raises:
        FileExistsError, OSError: nothing was copied, or what was is removed.
        FileNotFoundError: there is no store.
        StoreReadFailed: it cannot be read.
        StoredValueCorrupt: it is damaged; names the value, where there is one.
        StoreFormatUnsupported, StoreFull
    """
    if file.exists():
        raise FileExistsError(errno.EEXIST, "it exists already: give another name", str(file))
    _require_store(directory)
    with _at_rest(directory), closing(connect_reader(directory)) as source:
        return _copy(source, directory / FILE_NAME, file)


def restore(file: Path, directory: Path) -> Contents:
    """Makes `directory` a data directory with what a backup holds.

    Raises:
        as `back_up`; the directory must hold no store yet. What is no backup is an
        OSError. Whatever is raised, no directory is left that was not there before.
    """
    if not file.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such backup", str(file))
    if not is_kelpie_file(file):
        raise OSError(
            errno.EINVAL, "it is no backup: give a file that `kelpie backup` made", str(file)
        )
    with fresh_directory(directory):
        place = directory / FILE_NAME
        if place.exists():
            raise FileExistsError(
                errno.EEXIST, "there is a store already: give a fresh directory", str(place)
            )
        try:
            with closing(sqlite3.connect(_read_only(file), uri=True)) as source:
                return _copy(source, file, place)
        except StoredValueCorrupt as error:
            raise StoredValueCorrupt(
                f"{file} is damaged, and nothing was restored: "
                f"{error.message.removesuffix(_FROM_A_BACKUP)}; use another backup",
                **error.details,
            ) from error


def _read_only(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=ro"


def check_store(directory: Path) -> Contents:
    """Reads everything in the store, while a host serves from it or not, and whether
    one of this version would serve from it.

    Raises:
        FileNotFoundError: there is no store.
        StoreReadFailed, StoredValueCorrupt, StoreFormatUnsupported
    """
    _require_store(directory)
    with _at_rest(directory), closing(connect_reader(directory)) as connection:
        contents = _check(connection, directory / FILE_NAME)
        marked = connection.execute(_ONE, (store_format(),)).fetchone()
        if marked is not None:
            known_format(marked[0])
        return contents


def _require_store(directory: Path) -> None:
    if not (directory / FILE_NAME).is_file():
        raise FileNotFoundError(
            errno.ENOENT, "there is no store in it: give a host's data directory", str(directory)
        )


@contextmanager
def _at_rest(directory: Path) -> Iterator[None]:
    """Keeps a host from starting meanwhile, if none is running: its start wants
    the file for itself. One that runs is no trouble."""
    try:
        owned = DataDirectory(directory)
    except DataDirectoryLocked:
        yield
    else:
        with closing(owned):
            yield


def _copy(source: sqlite3.Connection, origin: Path, place: Path) -> Contents:
    partial = place.with_name(place.name + _PARTIAL)
    # What an earlier attempt left behind when it was killed.
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        contents = _fill(source, origin, partial)
        sync(partial)
        # It never takes the place of another one.
        os.link(partial, place)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    sync(place.parent)
    return contents


def _fill(source: sqlite3.Connection, origin: Path, partial: Path) -> Contents:
    try:
        check_readable(source, origin)
        with closing(sqlite3.connect(partial, isolation_level=None)) as target:
            # In one step, which sees one commit. The file that is made needs no log.
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode = DELETE")
            return _check(target, partial)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StoreFull("there is no room for the copy: give another place") from error
        raise failed_read(error) from error


def _check(connection: sqlite3.Connection, place: Path) -> Contents:
    """Reads every pair, and checks what has a checksum."""
    pairs = size = 0
    try:
        check_readable(connection, place)
        connection.execute("BEGIN")
        version = read_version(connection)
        for key, value in connection.execute(_ALL):
            if not (isinstance(key, bytes) and isinstance(value, bytes)):
                raise StoredValueCorrupt(f"{place} is damaged: a pair is no bytes")
            if has_frame(key):
                unframe(key, value)
            pairs += 1
            size += len(key) + len(value)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise failed_read(error) from error
    return Contents(pairs, size, version)

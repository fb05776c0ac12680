"""The SQLite file: one table of pairs, how it is opened, and its statements."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from kelpie.errors import (
    StoredValueCorrupt,
    StoreError,
    StoreFormatUnsupported,
    StoreFull,
    StoreReadFailed,
)
from kelpie.store.sqlite.directory import sync

__all__ = [
    "FILE_NAME",
    "NEW_FILE_NAME",
    "PAGE_BYTES",
    "SQLITE_VERSION",
    "VERSION_KEY",
    "check_readable",
    "connect_reader",
    "connect_writer",
    "failed_read",
    "is_kelpie_file",
    "read_version",
]

FILE_NAME = "kelpie.db"
NEW_FILE_NAME = f"{FILE_NAME}.new"
"""Of a store that is being made."""
PAGE_BYTES = 4096
SQLITE_VERSION = sqlite3.sqlite_version

_APPLICATION_ID = 0x4B454C50  # "KELP"
# Both are part of SQLite's file format.
_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = slice(68, 72)
_FORMAT = 1
_BUSY_TIMEOUT_S = 5.0  # for a person who looks into the file beside us

VERSION_KEY = b"\xffversion"
"""Behind all keys of transactions: the version of the last commit, as 8 bytes."""

_TABLE = "CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"

# A whole batch is one statement, and so the GIL is let go once for statement,
# commit and fsync together. `data` holds keys and values one behind the other;
# the other three are JSON lists of numbers, each of which packs where a key
# begins, its length, and the length of what follows it (see `batch`).
_KEY = "substr(NEW.data, (item.value >> 31) + 1, (item.value >> 17) & 16383)"
_VALUE = (
    "substr(NEW.data, (item.value >> 31) + 1 + ((item.value >> 17) & 16383), item.value & 131071)"
)
_APPLY = f"""
CREATE TEMP VIEW batches AS SELECT NULL AS data, NULL AS ranges, NULL AS clears, NULL AS sets;
CREATE TEMP TRIGGER apply_batch INSTEAD OF INSERT ON batches BEGIN
    DELETE FROM pairs WHERE key IN (
        SELECT stored.key FROM json_each(NEW.ranges) AS item CROSS JOIN pairs AS stored
        WHERE stored.key >= {_KEY} AND stored.key < {_VALUE});
    DELETE FROM pairs WHERE key IN (SELECT {_KEY} FROM json_each(NEW.clears) AS item);
    INSERT INTO pairs SELECT {_KEY}, {_VALUE} FROM json_each(NEW.sets) AS item WHERE true
        ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;
"""  # noqa: S608 - made of the constants above


def connect_writer(directory: Path) -> sqlite3.Connection:
    """Opens the file for its one writer; makes it if it is not there.

    What the last process left in the write-ahead log is moved into the file and
    synced. That also rewrites what an fsync may have failed to write before:
    the kernel forgets such pages, and would let a second fsync succeed.

    Raises:
        StoreFormatUnsupported: another version of Kelpie made it, or another program.
        StoreFull: there is no room to begin with.
        StoredValueCorrupt: it is damaged.
        StoreReadFailed: it cannot be opened.
    """
    path = directory / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        connection = _connect(path)
    except sqlite3.DatabaseError as error:
        raise _unopened(path, error) from error
    try:
        check_readable(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS needs it for a true fsync
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # the writer does it, and hears errors
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executescript(_APPLY)
        sync(directory)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _unopened(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(directory: Path) -> sqlite3.Connection:
    """Opens the file once more, for reading."""
    connection = _connect(directory / FILE_NAME)
    connection.execute("PRAGMA query_only = ON")
    return connection


def read_version(connection: sqlite3.Connection) -> int:
    """The version of the last commit that this connection sees."""
    row = connection.execute("SELECT value FROM pairs WHERE key = ?", (VERSION_KEY,)).fetchone()
    return int.from_bytes(row[0], "big") if row else 0


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


def _create(path: Path) -> None:
    """Makes the file such that there is none, or one with its table."""
    fresh = path.with_name(NEW_FILE_NAME)
    fresh.unlink(missing_ok=True)
    with closing(_connect(fresh)) as connection:
        fresh.chmod(0o600)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.executescript(
            f"BEGIN; {_TABLE}; PRAGMA application_id = {_APPLICATION_ID}; "
            f"PRAGMA user_version = {_FORMAT}; COMMIT;"
        )
    fresh.rename(path)


def failed_read(error: sqlite3.Error) -> StoreError:
    """What it means that the file could not be read."""
    if _is_damage(error):
        return StoredValueCorrupt(
            f"the store's file is damaged ({error}): restore it from a backup"
        )
    return StoreReadFailed(f"the file cannot be read: {error}")


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _unopened(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """Why the file could not be opened."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    # Where there is no room for the index of the log, that is an error of I/O.
    no_room = code == sqlite3.SQLITE_IOERR and not shutil.disk_usage(path.parent).free
    if code == sqlite3.SQLITE_FULL or no_room:
        return StoreFull(f"{path} cannot be opened, for the disk is full: make room")
    if _is_damage(error):
        return StoredValueCorrupt(f"{path} is damaged ({error}): restore it from a backup")
    return StoreReadFailed(
        f"{path} cannot be opened ({error}): look after the disk, then try again"
    )


def is_kelpie_file(path: Path) -> bool:
    """Whether a file begins as a store of Kelpie's does, of whatever format."""
    with path.open("rb") as file:
        head = file.read(_APPLICATION_ID_AT.stop)
    application = int.from_bytes(head[_APPLICATION_ID_AT], "big")
    return head.startswith(_MAGIC) and application == _APPLICATION_ID


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """
    Raises:
        StoreFormatUnsupported: another version of Kelpie made the file, or another program.
        StoredValueCorrupt: it is empty.
    """
    if not path.stat().st_size:
        # It gets its name once it has its table: something has emptied it since.
        raise StoredValueCorrupt(
            f"{path} is empty, which Kelpie never leaves it: restore it from a backup, or "
            "remove it to begin anew with nothing"
        )
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise StoreFormatUnsupported(
            f"{path} is no file of Kelpie's: give Kelpie a data directory of its own"
        )
    if version != _FORMAT:
        raise StoreFormatUnsupported(
            f"{path} has format {version}, and this version of Kelpie reads format {_FORMAT}: "
            "use the version that wrote it",
            format=version,
        )
    _check_nothing_else(connection, path)


def _check_nothing_else(connection: sqlite3.Connection, path: Path) -> None:
    """What else is in the file could change what is written: whoever made it is
    not trusted as far as that. SQLite's own tables, as ANALYZE makes them, are none.

    Raises:
        StoreFormatUnsupported
    """
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'"
    ).fetchall()
    expected = ("table", "pairs", _TABLE)
    if found != [expected]:
        other = [f"{each[0]} {each[1]!a}" for each in found if each != expected]
        raise StoreFormatUnsupported(
            f"{path} is not as Kelpie makes it: it has {', '.join(other) or 'no table of pairs'}; "
            "restore it from a backup that `kelpie backup` made"
        )

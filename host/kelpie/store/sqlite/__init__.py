"""The embedded store: one SQLite file in a data directory of one process.

directory   who owns the data directory
schema      the file: opening it, its format, its statements
batch       many commits made into one
writer      the thread that writes batches, one fsync each
snapshots   consistent reads beside it
store       transactions: decides commits in memory, groups them, answers
"""

from __future__ import annotations

from kelpie.store.sqlite.store import SqliteStore, open_store

__all__ = ["SqliteStore", "open_store"]

"""The audit log: who changed what, when, from where, and what came of it.

An entry about a change is written by the transaction that makes the change, so
there is never one without the other. What was refused, and what is no
transaction, gets its entry right after. The log is bounded: the oldest entries
go. Each entry is told to the logger `kelpie.audit` as well, for whoever keeps
it where nobody on this host can change it.

A change is given its number in memory, once, and keeps it in every attempt. So
entries that are written at the same time meet in no key, and an attempt finds
under its own number what an earlier one of the same change has left.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgpack

from kelpie.env import Env
from kelpie.errors import (
    StoreCommitUnknown,
    StoreConflict,
    StoredValueCorrupt,
    StoreFormatUnsupported,
    StoreTooOld,
)
from kelpie.limits import Limits
from kelpie.store import access_keys
from kelpie.store.frame import frame
from kelpie.store.protocol import Store, Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.rows import unpack_row

__all__ = ["DONE", "AuditEntry", "AuditLog", "AuditPage", "NumberedEntry", "Place"]

DONE = "done"

_FORMAT = 1

_log = logging.getLogger("kelpie.audit")


class AuditEntry(NamedTuple):
    """One change, or an attempt at one."""

    at_ns: int
    """On the wall clock."""
    principal: str
    source: str
    """The address that asked."""
    action: str
    namespace: str | None
    """None: it concerns the whole host."""
    subject: str
    """What was changed."""
    outcome: str
    """`done`, or the code of the error."""
    detail: str
    request_id: str
    """The client's, if it gave one: several changes may have the same."""

    def storable(self) -> AuditEntry:
        """The entry with escapes for what is no text, such as half a surrogate pair."""
        texts: dict[str, Any] = {
            name: each.encode("utf-8", "backslashreplace").decode()
            for name, each in self._asdict().items()
            if isinstance(each, str)
        }
        return self._replace(**texts)


class NumberedEntry(NamedTuple):
    number: int
    """Grows by one with each entry: one that is missing would be noticed."""
    entry: AuditEntry


class AuditPage(NamedTuple):
    entries: list[NumberedEntry]
    """Newest first."""
    damaged: list[int]
    """The numbers of those between them that cannot be read."""
    before: int | None
    """Entries with numbers below this follow; None: there are no more."""


class Place:
    """Where in the log one entry goes, in all attempts to write it."""

    __slots__ = ("entry_id", "number")

    def __init__(self, entry_id: str, number: int | None = None) -> None:
        """`entry_id` is the host's own: no other entry has it. `number` is one that
        was given to the change before, if it is still free."""
        self.entry_id = entry_id
        self.number = number


class AuditLog:
    def __init__(self, env: Env, store: Store, limits: Limits) -> None:
        self._env = env
        self._store = store
        self._limits = limits
        self._newest = 0
        """The highest number that was given to a change here."""

    async def append(self, transaction: Transaction, place: Place, entry: AuditEntry) -> None:
        """Adds an entry to what the transaction does, and drops what is too old.

        Not once more, if an earlier attempt came through. What that one did
        stands, whatever this one would say of it.

        Raises:
            StoreError
        """
        packed = msgpack.packb((_FORMAT, *entry.storable()))
        while True:
            number = place.number = place.number or await self._next(transaction)
            key = access_keys.audit_entry(number, place.entry_id)
            # All that is a conflict: an attempt that lands late meets this one here.
            found = await transaction.get_range(*access_keys.audit_place(number), limit=1)
            if not found:
                break
            if found[0][0] == key:
                return
            # Somebody else's: of a change that was done, and then said to have
            # failed, both entries have the change's number to begin with.
            place.number = None
        transaction.set(key, frame(key, packed))
        kept_from = number - self._limits.audit_entries_max + 1
        if kept_from > 1:
            begin, _ = access_keys.audit_entries()
            transaction.clear_range(begin, access_keys.audit_start(kept_from))

    async def record(self, place: Place, entry: AuditEntry) -> None:
        """Adds an entry by itself: tries until it is in, or the store fails.

        Raises:
            StoreError: the store cannot be read or written.
        """

        async def work(transaction: Transaction) -> None:
            await self.append(transaction, place, entry)

        while True:
            try:
                return await transact(self._env, self._store, self._limits, work, repeatable=True)
            except (StoreConflict, StoreTooOld, StoreCommitUnknown):
                await self._env.sleep(self._limits.store_retry_ms_max)

    async def page(self, before: int | None, count: int) -> AuditPage:
        """At most `count` entries with numbers below `before`, newest first.

        Raises:
            StoreError
        """
        begin, end = access_keys.audit_entries()
        if before is not None:
            end = access_keys.audit_start(before)
        with reading(self._store) as transaction:
            rows = await transaction.get_range(begin, end, limit=count + 1, reverse=True)
        entries: list[NumberedEntry] = []
        damaged: list[int] = []
        for key, stored in rows[:count]:
            number = access_keys.audit_number(key)
            try:
                entries.append(NumberedEntry(number, _unpack(key, stored)))
            except (StoredValueCorrupt, StoreFormatUnsupported) as error:
                damaged.append(number)
                _log.warning("entry %d of the audit log is left out: %s", number, error.message)
        last = access_keys.audit_number(rows[count - 1][0]) if len(rows) > count else None
        return AuditPage(entries, damaged, last)

    async def _next(self, transaction: Transaction) -> int:
        """A number that nobody else is given."""
        begin, end = access_keys.audit_entries()
        # No conflict: whoever else writes the log meets nobody here. By keys
        # alone: no change depends on whether an old entry can be read.
        newest = await transaction.get_range(begin, end, limit=1, reverse=True, snapshot=True)
        stored = access_keys.audit_number(newest[0][0]) if newest else 0
        self._newest = max(self._newest, stored) + 1
        return self._newest

    def tell(self, entry: AuditEntry) -> None:
        """Tells whoever reads the host's log of an entry that is durable."""
        if _log.isEnabledFor(logging.INFO):
            about = entry._asdict()
            del about["at_ns"]
            where = "" if entry.namespace is None else f" in {entry.namespace}"
            _log.info(
                "%s: %s %s%s: %s",
                entry.principal,
                entry.action,
                entry.subject,
                where,
                entry.outcome,
                extra={"about": about},
            )


def _unpack(key: bytes, stored: bytes) -> AuditEntry:
    """Raises:
    StoredValueCorrupt, StoreFormatUnsupported
    """
    return AuditEntry(*unpack_row(key, stored, _FORMAT, len(AuditEntry._fields)))

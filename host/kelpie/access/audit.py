"""The audit log: who changed what, when, from where, and what came of it.

An entry about a change is written by the transaction that makes the change, so
there is never one without the other. What was refused, and what is no
transaction, gets its entry right after. The log is bounded: the oldest entries
go. Each entry is told to the logger `kelpie.audit` as well, for whoever keeps
it where nobody on this host can change it.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgpack

from kelpie.env import Env
from kelpie.limits import Limits
from kelpie.store import access_keys
from kelpie.store.frame import frame, unframe
from kelpie.store.protocol import Store, Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact

__all__ = ["DONE", "AuditEntry", "AuditLog", "NumberedEntry"]

DONE = "done"

# Of how many entries it is looked whether one is that of an earlier attempt of
# which nobody knew: a change that is tried again is tried within this many others.
_ATTEMPTS_SEEN = 16

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


class NumberedEntry(NamedTuple):
    number: int
    """Grows by one with each entry: one that is missing would be noticed."""
    entry: AuditEntry


class AuditLog:
    def __init__(self, env: Env, store: Store, limits: Limits) -> None:
        self._env = env
        self._store = store
        self._limits = limits

    async def append(self, transaction: Transaction, entry: AuditEntry) -> None:
        """Adds an entry to what the transaction does, and drops what is too old.

        Raises:
            StoreError
        """
        begin, end = access_keys.audit_entries()
        newest = await transaction.get_range(begin, end, limit=_ATTEMPTS_SEEN, reverse=True)
        if any(_unpack(*row).entry[-3:] == entry[-3:] for row in newest):
            return
        number = access_keys.audit_number(newest[0][0]) + 1 if newest else 1
        key = access_keys.audit_entry(number)
        transaction.set(key, frame(key, msgpack.packb(entry)))
        kept_from = number - self._limits.audit_entries_max + 1
        if kept_from > 1:
            transaction.clear_range(begin, access_keys.audit_entry(kept_from))

    async def record(self, entry: AuditEntry) -> None:
        """Adds an entry by itself.

        Raises:
            StoreError
        """

        async def work(transaction: Transaction) -> None:
            await self.append(transaction, entry)

        await transact(self._env, self._store, self._limits, work, repeatable=True)

    async def page(self, before: int | None, count: int) -> tuple[list[NumberedEntry], bool]:
        """At most `count` entries with numbers below `before`, newest first, and
        whether there are more.

        Raises:
            StoreError
        """
        begin, end = access_keys.audit_entries()
        if before is not None:
            end = access_keys.audit_entry(before)
        with reading(self._store) as transaction:
            rows = await transaction.get_range(begin, end, limit=count + 1, reverse=True)
        return [_unpack(*row) for row in rows[:count]], len(rows) > count

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


def _unpack(key: bytes, stored: bytes) -> NumberedEntry:
    entry = AuditEntry(*msgpack.unpackb(unframe(key, stored)))
    return NumberedEntry(access_keys.audit_number(key), entry)

"""One change that somebody has asked for, on its way into the audit log."""

from __future__ import annotations

import logging

from kelpie.access.audit import DONE, AuditEntry, AuditLog
from kelpie.errors import StoreError
from kelpie.store.protocol import Transaction

__all__ = ["Change"]

_log = logging.getLogger("kelpie")


class Change:
    """Its entry is written once: by `witness`, in the transaction that makes the
    change, or else by `end`, right after it."""

    def __init__(self, log: AuditLog, entry: AuditEntry) -> None:
        self._log = log
        self._entry = entry
        self._written: AuditEntry | None = None
        self._is_none = False

    @property
    def request_id(self) -> str:
        return self._entry.request_id

    def is_about(self, subject: str) -> None:
        """Says what is changed, where the path does not."""
        self._entry = self._entry._replace(subject=subject)

    def was_asked_as(self, request_id: str | None) -> None:
        """Says under which id it was asked, if under one of its own."""
        if request_id is not None:
            self._entry = self._entry._replace(request_id=request_id)

    def is_none(self) -> None:
        """It was a question: nothing changes, and nothing is written."""
        self._is_none = True

    async def witness(self, transaction: Transaction, detail: str) -> None:
        """A `Witness` of the change."""
        self._written = self._entry._replace(outcome=DONE, detail=detail)
        await self._log.append(transaction, self._written)

    async def end(self, outcome: str) -> None:
        """The request has come to its end: done, or an error's code."""
        if self._is_none:
            return
        entry = self._written
        if entry is None or outcome != DONE:
            entry = self._entry._replace(outcome=outcome)
            try:
                await self._log.record(entry)
            except StoreError as error:
                # The caller is told of the change itself; here is who else should know.
                _log.error("the audit log could not be written: %s", error.message)
        self._log.tell(entry)

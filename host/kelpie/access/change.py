"""One change that somebody has asked for, on its way into the audit log."""

from __future__ import annotations

import logging

from kelpie.access.audit import DONE, AuditEntry, AuditLog, Place
from kelpie.access.refusals import Refusals
from kelpie.errors import StoreError
from kelpie.store.protocol import Transaction

__all__ = ["Change"]

_log = logging.getLogger("kelpie")


class Change:
    """Its entry is written once: by `witness`, in the transaction that makes the
    change, or else by `end`, right after it."""

    def __init__(self, log: AuditLog, entry: AuditEntry, refusals: Refusals | None = None) -> None:
        """The request id of the entry is the host's own: no other change has it.
        `refusals` folds what is refused, or in vain, where many may ask."""
        self._log = log
        self._refusals = refusals
        self._place = Place(entry.request_id)
        self._entry = entry
        self._written: AuditEntry | None = None
        self._is_none = False
        self._is_vain = False

    @property
    def is_witnessed(self) -> bool:
        """Whether a transaction that makes the change was begun."""
        return self._written is not None

    @property
    def request_id(self) -> str:
        return self._entry.request_id

    def is_about(self, subject: str) -> None:
        """Says what is changed, where the path does not."""
        self._entry = self._entry._replace(subject=subject)

    def was_asked_as(self, request_id: str) -> None:
        """Says under which id the turn was asked for, the client's if it gave one. It
        is shown, and tells no change from another: clients may use one twice."""
        self._entry = self._entry._replace(request_id=request_id)

    def is_none(self) -> None:
        """Nothing changes, and nothing is written: it was a question, or was answered
        with what another request had done."""
        self._is_none = True

    def came_to(self, detail: str) -> None:
        """Says what came of it, where no transaction makes the change."""
        self._entry = self._entry._replace(detail=detail)

    def is_vain(self, detail: str) -> None:
        """All was as it was wanted already: of many such changes only their number is kept."""
        self._is_vain = True
        self.came_to(detail)

    async def witness(self, transaction: Transaction, detail: str) -> None:
        """A `Witness` of the change."""
        self._written = self._entry._replace(outcome=DONE, detail=detail)
        await self._log.append(transaction, self._place, self._written)

    async def end(self, outcome: str) -> None:
        """The request has come to its end: done, or an error's code."""
        if self._is_none:
            return
        entry = self._written
        if entry is None or outcome != DONE:
            entry = self._entry._replace(outcome=outcome)
            try:
                await self._record(entry)
            except StoreError as error:
                # The caller is told of the change itself; here is who else should know.
                _log.error("the audit log could not be written: %s", error.message)
        self._log.tell(entry.storable())

    async def _record(self, entry: AuditEntry) -> None:
        place = self._place_at_end()
        folds = self._is_vain if entry.outcome == DONE else self._written is None
        if self._refusals is not None and folds:
            await self._refusals.note(place, entry)
        else:
            await self._log.record(place, entry)

    def _place_at_end(self) -> Place:
        """Not that of the witness: its transaction may yet be committed, and both
        are told. Its number is taken if that is free."""
        return Place(f"{self._place.entry_id}/end", self._place.number)

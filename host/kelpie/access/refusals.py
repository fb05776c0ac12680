"""Refusals of one sort, and what was asked for in vain: the first is in the audit log at
once, the rest are counted."""

from __future__ import annotations

import logging

from kelpie.access.audit import AuditEntry, AuditLog, Place
from kelpie.env import Env, Handle
from kelpie.errors import StoreError
from kelpie.limits import Limits

__all__ = ["Refusals"]

_log = logging.getLogger("kelpie")

_Sort = tuple[str, str, str]


class _Fold:
    """What came behind the first of its sort."""

    __slots__ = ("count", "last", "timer")

    def __init__(self, timer: Handle) -> None:
        self.timer = timer
        self.count = 0
        self.last: AuditEntry | None = None


class Refusals:
    """Whoever is refused again and again, or asks for what is so already, does not push all
    else out of the log.

    Of the refusals of one principal, for the same action and the same reason, the
    first has an entry of its own. Those that follow within `audit_fold_ms` have
    one together when that time is over: the last of them, with their number.
    """

    def __init__(self, env: Env, log: AuditLog, limits: Limits) -> None:
        self._env = env
        self._log = log
        self._limits = limits
        self._folds: dict[_Sort, _Fold] = {}

    async def note(self, place: Place, entry: AuditEntry) -> None:
        """Raises:
        StoreError: see `AuditLog.record`.
        """
        # Each from a set that the host knows: there are only so many sorts.
        sort = (entry.principal, entry.action, entry.outcome)
        fold = self._folds.get(sort)
        if fold is not None:
            fold.count += 1
            fold.last = entry
            return
        timer = self._env.call_later(self._limits.audit_fold_ms, self._over, sort)
        self._folds[sort] = _Fold(timer)
        await self._log.record(place, entry)

    async def finish(self) -> None:
        """Writes what is counted, and does not wait for its time."""
        folds, self._folds = self._folds, {}
        for fold in folds.values():
            fold.timer.cancel()
            await self._write(fold)

    def _over(self, sort: _Sort) -> None:
        self._env.spawn(self._write(self._folds.pop(sort)), "audit")

    async def _write(self, fold: _Fold) -> None:
        if fold.last is None:
            return
        entry = fold.last._replace(detail=f"the last of {fold.count} more of them")
        try:
            await self._log.record(Place(self._env.new_id()), entry)
        except StoreError as error:
            _log.error("the audit log could not be written: %s", error.message)

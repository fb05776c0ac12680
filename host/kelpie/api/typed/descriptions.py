"""The descriptions of kinds, kept for as long as they are not found wanting."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from typing import Any

from kelpie.api.typed.arguments import check_argument
from kelpie.api.typed.description import Described, Description
from kelpie.errors import InvalidArgument, OperationNotFound

__all__ = ["Descriptions"]

_SHOWN_MAX = 10

Fetch = Callable[[str, int], Awaitable[dict[str, Any]]]
"""Asks the host for a kind, until a deadline."""


class Descriptions:
    """What the host says of each kind, asked once.

    Nothing is refused on the word of an old version: whatever the description that
    is kept does not allow is held against a new one first.
    """

    def __init__(self, fetch: Fetch, kinds_max: int) -> None:
        self._fetch = fetch
        self._kinds_max = kinds_max
        self._kept: dict[str, Description] = {}

    def kept(self, kind: str) -> Description | None:
        """What is known without asking anybody."""
        return self._kept.get(kind)

    async def check(self, kind: str, operation: str, argument: Any, until_ns: int) -> None:
        """Raises:
        OperationNotFound: the kind has none of this name.
        InvalidArgument: it does not take this.
        KelpieError, HostUnreachable: the kind could not be asked for.
        """
        description = self._kept.get(kind)
        if description is not None:
            try:
                _check(kind, description, operation, argument)
            except (OperationNotFound, InvalidArgument):
                pass
            else:
                return
        _check(kind, await self.fetch(kind, until_ns), operation, argument)

    async def fetch(self, kind: str, until_ns: int) -> Description:
        """What the host says now."""
        view = await self._fetch(kind, until_ns)
        known = self._kept.pop(kind, None)
        if known is None or known.number != view["number"]:
            known = Description(view)
        self._kept[kind] = known
        if len(self._kept) > self._kinds_max:
            del self._kept[next(iter(self._kept))]
        return known


def _check(kind: str, description: Description, operation: str, argument: Any) -> None:
    check_argument(_found(kind, description, operation), argument)


def _found(kind: str, description: Description, operation: str) -> Described:
    found = description.operations.get(operation)
    if found is not None:
        return found
    known = list(description.operations)
    close = difflib.get_close_matches(operation, known, n=1)
    if close:
        hint = f"did you mean {close[0]!r}?"
    else:
        shown = ", ".join(known[:_SHOWN_MAX]) + (", ..." if len(known) > _SHOWN_MAX else "")
        hint = f"it has {shown or 'none'}"
    raise OperationNotFound(
        f"{kind!r} says of no operation {operation[:80]!r}: {hint}",
        operation=operation,
        known=known,
    )

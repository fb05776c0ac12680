"""Listings that a host gives page by page, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

__all__ = ["Page", "gather"]

Page = dict[str, Any]

After = TypeVar("After", str, int)


async def gather(
    turn_page: Callable[[After | None, int], Awaitable[Page]],
    what: str,
    after: After | None,
    count: int,
    page_entries_max: int,
) -> tuple[list[dict[str, Any]], After | None]:
    """As many as are wanted, and where the next one would begin; None at the end.

    `turn_page` gives the page behind an entry, of so many at the most; `what` names
    what is on it.
    """
    found: list[dict[str, Any]] = []
    while len(found) < count:
        page = await turn_page(after, min(count - len(found), page_entries_max))
        found += page[what]
        after = page["after"]
        if after is None:
            break
    return found, after

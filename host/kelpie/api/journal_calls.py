"""The part of the client that asks for journals."""

from __future__ import annotations

from typing import Any

from kelpie.api.payloads import BUNDLE_TYPE, TEXT_TYPE
from kelpie.api.transport import quoted, with_query
from kelpie.api.turn_calls import TurnCalls

__all__ = ["JournalCalls"]


class JournalCalls(TurnCalls):
    """Journals, and bundles of them."""

    async def journal_policy(self, kind: str) -> dict[str, Any]:
        """What is kept of the turns of a kind: its `policy`."""
        return await self.ask_json("GET", f"/v1/journal/{quoted(kind)}", "JournalPolicy")

    async def set_journal_policy(self, kind: str, policy: str) -> dict[str, Any]:
        """Sets it: `off`, `failures` or `all`."""
        headers = {"Content-Type": TEXT_TYPE}
        path = f"/v1/journal/{quoted(kind)}"
        return await self.ask_json("PUT", path, "JournalPolicy", policy.encode(), headers)

    async def journal(
        self, kind: str, key: str, *, before: int | None = None, limit: int | None = None
    ) -> dict[str, Any]:
        """A page of the `turns` in an actor's journal, newest first, and whether there
        are `more`: ask again with `before` set to the last position."""
        path = f"/v1/journal/{quoted(kind)}/{quoted(key)}"
        path = with_query(path, before=before, limit=limit)
        return await self.ask_older(path, "JournalPage", "turns", "position", before)

    async def export(
        self, kind: str, key: str, *, begin: int | None = None, end: int | None = None
    ) -> bytes:
        """A bundle of the turns with these numbers, and of all that their instances ran
        before."""
        path = with_query(f"/v1/bundles/{quoted(kind)}/{quoted(key)}", **{"from": begin, "to": end})
        content_type, bundle = await self.ask("GET", path, b"", {})
        if content_type != BUNDLE_TYPE:
            raise self.no_host(f"with {content_type[:80]!a}")
        return bundle

"""What a client does about durable turns in flight."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kelpie.api.transport import Transport, quoted, with_query

__all__ = ["DurableCalls"]


class DurableCalls(Transport):
    """The part of `Client` that is about durable turns."""

    async def turns_in_flight(
        self,
        kind: str | None = None,
        *,
        after: str | None = None,
        limit: int | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """One page of the durable turns in flight, of one kind or of all, by their
        actors, behind `after`; the page's own `after` is where the next one begins,
        or None."""
        path = with_query("/v1/turns", kind=kind, after=after, limit=limit)
        return await self.ask_page(path, "TurnPage", after=after, read=read)

    async def cancel_turn(self, kind: str, key: str, turn: int | None = None) -> dict[str, Any]:
        """Ends the durable turn in flight of an actor, if it has this number. Who
        waits for it, and who asks for it again, is told that it was rejected."""
        path = with_query(f"/v1/turns/{quoted(kind)}/{quoted(key)}", turn=turn)
        return await self.ask_json("DELETE", path, "CancelledTurn")

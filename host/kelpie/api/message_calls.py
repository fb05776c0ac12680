"""What a client does about dead letters and reminders."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from kelpie.api.transport import Transport, quoted, with_query
from kelpie.ids import Payload

__all__ = ["MessageCalls"]


class MessageCalls(Transport):
    """The part of `Client` that is about messages."""

    async def with_dead_letters(
        self, kind: str | None = None, *, after: str | None = None, limit: int | None = None
    ) -> dict[str, Any]:
        """One page of the actors that have dead letters, of one kind or of all, by kind
        and key, behind `after`; the page's own `after` is where the next one begins, or
        None."""
        path = with_query("/v1/letters", kind=kind, after=after, limit=limit)
        return await self.ask_page(path, "ReceiverPage", after=after)

    async def dead_letters(
        self,
        kind: str,
        key: str,
        *,
        after: int | None = None,
        limit: int | None = None,
        read: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """One page of an actor's dead letters, oldest first, behind `after`; the
        page's own `after` is where the next one begins, or None."""
        path = with_query(f"/v1/letters/{quoted(kind)}/{quoted(key)}", after=after, limit=limit)
        return await self.ask_page(path, "DeadLetterPage", after=after, read=read)

    async def retry_dead_letter(self, kind: str, key: str, number: int) -> Payload:
        """Has an actor run a dead letter once more; its reply. The letter is gone
        then. If it fails again, that is raised, and the letter stays."""
        path = f"/v1/letters/{quoted(kind)}/{quoted(key)}/{number}"
        content_type, body = await self.ask("POST", path, b"", {})
        return self.payload_of(content_type, body)

    async def drop_dead_letter(self, kind: str, key: str, number: int) -> dict[str, Any]:
        """Throws a dead letter away."""
        path = f"/v1/letters/{quoted(kind)}/{quoted(key)}/{number}"
        return await self.ask_json("DELETE", path, "DroppedLetter")

    async def reminders(
        self, kind: str, key: str, *, read: Callable[[bytes], Any] = json.loads
    ) -> list[dict[str, Any]]:
        """The reminders of an actor, by name."""
        path = f"/v1/reminders/{quoted(kind)}/{quoted(key)}"
        answer = await self.ask_json("GET", path, "Reminders", read=read)
        found: list[dict[str, Any]] = answer["reminders"]
        return found

    async def cancel_reminder(self, kind: str, key: str, name: str) -> dict[str, Any]:
        """Cancels a reminder. `cancelled` says whether there was one of this name."""
        path = f"/v1/reminders/{quoted(kind)}/{quoted(key)}/{quoted(name)}"
        return await self.ask_json("DELETE", path, "CancelledReminder")

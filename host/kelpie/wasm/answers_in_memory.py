"""An actor's kv in memory, for turns that are run apart from any store."""

from __future__ import annotations

from kelpie.ids import Address, Payload
from kelpie.limits import Limits
from kelpie.wasm.schedule import Schedule
from kelpie.wasm.turn import Failure, Page

__all__ = ["AnswersInMemory"]


class AnswersInMemory:
    """Answers from the kv `entries` of an actor that is alone. See `wasm.turn.Answers`."""

    def __init__(self, entries: dict[bytes, Payload], limits: Limits) -> None:
        self._entries = entries
        self._limits = limits

    def kv_get(self, key: bytes) -> Payload | None:
        return self._entries.get(key)

    def call(
        self, target: Address, operation: str, argument: Payload, key: str | None
    ) -> Payload | Failure:
        del operation, argument, key
        return Failure("unavailable", f"{target} is not there: this actor is tried by itself")

    def refuses_send(self, target: Address, letters: int, size: int) -> Failure | None:
        """Nothing waits yet in the outbox of an actor that is alone."""
        del target, letters, size
        return None

    def why_never_due(self, schedule: Schedule) -> str | None:  # noqa: ARG002
        """Time does not pass for it."""
        return None

    def reminder_names(self) -> frozenset[str]:
        return frozenset()

    def kv_list(
        self,
        prefix: bytes,
        after: bytes | None,
        limit: int,
        reverse: bool,
        writes: dict[bytes, Payload | None],
    ) -> Page:
        merged = {**self._entries, **writes}
        found = [
            (key, value)
            for key, value in sorted(merged.items(), reverse=reverse)
            if value is not None
            and key.startswith(prefix)
            and (after is None or (key < after if reverse else key > after))
        ]
        limit = min(limit, self._limits.kv_page_entries_max)
        page: list[tuple[bytes, Payload]] = []
        size = 0
        for key, value in found[:limit]:
            size += len(key) + len(value.data)
            if page and size > self._limits.kv_page_bytes_max:
                break
            page.append((key, value))
        return Page(page, len(page) < len(found))

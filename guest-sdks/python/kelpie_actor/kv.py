"""Ordered keys and values of one actor, for what is too large to be read as a whole."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar, overload

from kelpie_actor.host import Host, Payload
from kelpie_actor.passing import passed_payload, passed_text
from kelpie_actor.payloads import typed_value, written

__all__ = ["Entry", "Kv", "Page"]

PAGE_ENTRIES_MAX = 1_000

Value = TypeVar("Value")


class Entry(NamedTuple):
    """A key and what is stored under it: `str` in the text lane, `bytes` in the other."""

    key: str
    value: Payload


class Page(NamedTuple):
    """Some entries, in order."""

    entries: list[Entry]
    more: bool
    """Whether more follow: ask again with `after` set to the last key."""


class Kv:
    """The keys and values of this actor, as this turn sees them."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    def get(self, key: str) -> Payload | None:
        """The value; None if there is none."""
        return self._host.kv_get(passed_text(key, "a key"))

    def set(self, key: str, value: Payload) -> None:
        """Sets a value: `str` as text, `bytes` as bytes; at most 1 MiB."""
        value = passed_payload(value, "set_json takes anything else")
        self._host.kv_set(passed_text(key, "a key"), value)

    def delete(self, key: str) -> None:
        """Deleting a key that is not there changes nothing."""
        self._host.kv_delete(passed_text(key, "a key"))

    @overload
    def get_json(self, key: str) -> Any: ...
    @overload
    def get_json(self, key: str, kind: type[Value]) -> Value | None: ...
    def get_json(self, key: str, kind: Any = Any) -> Any:
        """The value, read from JSON as one of this type; None if there is none.

        Raises:
            ValueError: it is not of this type.
        """
        stored = self.get(key)
        return None if stored is None else typed_value(stored, kind, f"the value of {key!r}")

    def set_json(self, key: str, value: object) -> None:
        """Sets a value, written in JSON by its own type."""
        self._host.kv_set(passed_text(key, "a key"), written(value))

    def list(
        self,
        prefix: str = "",
        *,
        after: str | None = None,
        limit: int = PAGE_ENTRIES_MAX,
        reverse: bool = False,
    ) -> Page:
        """A page of the entries whose keys begin with `prefix`, in the order of their
        bytes, beginning behind `after`: at most `limit`, 1,000 or 1 MiB of them."""
        prefix = passed_text(prefix, "a prefix")
        if after is not None:
            after = passed_text(after, "a key")
        limit = operator.index(limit)
        if limit < 0:
            raise ValueError("a limit is not negative")
        limit = min(limit, PAGE_ENTRIES_MAX)
        entries, more = self._host.kv_list(prefix, after, limit, bool(reverse))
        return Page([Entry(key, value) for key, value in entries], more)

    def items(self, prefix: str = "", *, reverse: bool = False) -> Iterator[Entry]:
        """All entries whose keys begin with `prefix`, page by page as they are asked for."""
        after: str | None = None
        while True:
            page = self.list(prefix, after=after, reverse=reverse)
            yield from page.entries
            if not page.more:
                return
            after = page.entries[-1].key

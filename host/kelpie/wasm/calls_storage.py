"""Host calls on what the actor keeps: `state` and `kv`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from kelpie.errors import GuestBrokeContract
from kelpie.ids import Payload
from kelpie.wasm.collector import Collector, Suspension
from kelpie.wasm.library import VALUE_BYTES, Kind
from kelpie.wasm.marshalling import Marshalling, read_payload, read_text
from kelpie.wasm.native_values import Composer, decode
from kelpie.wasm.turn import Page

__all__ = ["StorageCalls"]


class StorageCalls:
    """Answers `state` and `kv`. Each method gets the turn's collector, where
    the arguments are, and where the result belongs."""

    def __init__(self, marshalling: Marshalling) -> None:
        self._write_optional_payload = marshalling.write_optional_payload

    def load(self, collector: Collector, _arguments: int, results: int) -> None:
        value = collector.state()
        collector.record("state.load", (), value, len(value[1]) if value else 0)
        self._write_optional_payload(results, value)

    def save(self, collector: Collector, arguments: int, _results: int) -> None:
        collector.check_may_change("state.save")
        limits = collector.limits
        value = read_payload(
            arguments, limits.state_bytes_max, "state_bytes_max", limits.binary_bytes_max
        )
        collector.record("state.save", (value,), None, len(value[1]))
        collector.write_state(value)

    def clear(self, collector: Collector, _arguments: int, _results: int) -> None:
        collector.check_may_change("state.clear")
        collector.record("state.clear", (), None, 0)
        collector.write_state(None)

    def set(self, collector: Collector, arguments: int, _results: int) -> None:
        collector.check_may_change("kv.set")
        key = _read_key(collector, arguments)
        limits = collector.limits
        value = read_payload(
            arguments + VALUE_BYTES,
            limits.kv_value_bytes_max,
            "kv_value_bytes_max",
            limits.binary_bytes_max,
        )
        collector.record("kv.set", (key, value), None, len(key) + len(value[1]))
        collector.write_key(key, value)

    def delete(self, collector: Collector, arguments: int, _results: int) -> None:
        collector.check_may_change("kv.delete")
        key = _read_key(collector, arguments)
        collector.record("kv.delete", (key,), None, len(key))
        collector.write_key(key, None)

    def get(self, collector: Collector, arguments: int, results: int) -> Suspension | None:
        key = _read_key(collector, arguments)

        def finish(answer: object) -> None:
            value = cast("Payload | None", answer)
            size = len(key) + (len(value.data) if value else 0)
            collector.record("kv.get", (key,), value, size)
            self._write_optional_payload(results, value)

        writes = collector.effects.kv
        if key in writes:
            finish(writes[key])
            return None
        return _answer(collector.turn.answers.kv_get(key), finish)

    def list(self, collector: Collector, arguments: int, results: int) -> Suspension | None:
        limits = collector.limits
        prefix = read_text(arguments, limits.kv_key_bytes_max, "kv_key_bytes_max")
        after_text = decode(arguments + VALUE_BYTES)
        after = after_text.encode() if isinstance(after_text, str) else None
        asked = decode(arguments + 2 * VALUE_BYTES)
        reverse = decode(arguments + 3 * VALUE_BYTES)
        assert isinstance(asked, int)
        assert isinstance(reverse, bool)
        limit = min(asked, limits.kv_page_entries_max)

        def finish(answer: object) -> None:
            page = cast("Page", answer)
            size = sum(len(key) + len(value.data) for key, value in page.entries)
            collector.record("kv.list", (prefix, after, asked, reverse), page, size)
            composer = Composer()
            composer.write(_page(composer, page), results)

        return _answer(
            # While it waits the guest writes nothing, so the writes are not copied.
            collector.turn.answers.kv_list(prefix, after, limit, reverse, collector.effects.kv),
            finish,
        )


def _answer(answer: object, finish: Callable[[object], None]) -> Suspension | None:
    if isinstance(answer, Awaitable):
        return Suspension(answer, finish)
    finish(answer)
    return None


def _read_key(collector: Collector, address: int) -> bytes:
    key = read_text(address, collector.limits.kv_key_bytes_max, "kv_key_bytes_max")
    if not key:
        raise GuestBrokeContract("a kv key is empty: give it at least one character")
    return key


def _page(composer: Composer, page: Page) -> bytes:
    entries = [
        composer.record(((b"key", composer.text(key)), (b"value", composer.payload(value))))
        for key, value in page.entries
    ]
    more = composer.number(Kind.BOOL, int(page.more))
    return composer.record(((b"entries", composer.listing(entries)), (b"more", more)))

"""The audit log: with the change or right after, bounded, once."""

from __future__ import annotations

import pytest

from kelpie.access.audit import DONE, AuditEntry
from kelpie.access.change import Change
from kelpie.errors import TokenExists
from tests.access.conftest import LIMITS, Access


def entry(number: int) -> AuditEntry:
    return AuditEntry(number, "me", "here", "deploy", "default", "x", DONE, "", f"id-{number}")


async def numbers(access: Access) -> list[tuple[int, str]]:
    entries, _ = await access.audit.page(None, 100)
    return [(each.number, each.entry.request_id) for each in entries]


async def test_it_is_read_newest_first_and_in_pages(access: Access) -> None:
    for number in range(1, 5):
        await access.audit.record(entry(number))
    first, more = await access.audit.page(None, 3)
    assert ([each.number for each in first], more) == ([4, 3, 2], True)
    assert first[0].entry == entry(4)
    rest, more = await access.audit.page(2, 3)
    assert ([each.number for each in rest], more) == ([1], False)


async def test_the_oldest_go(access: Access) -> None:
    for number in range(1, 9):
        await access.audit.record(entry(number))
    found = await numbers(access)
    assert [number for number, _ in found] == [8, 7, 6, 5, 4]
    assert len(found) == LIMITS.audit_entries_max


async def test_one_that_is_written_in_doubt_is_written_once(access: Access) -> None:
    access.link.doubts = 1
    await access.audit.record(entry(1))
    await access.audit.record(entry(2))
    assert await numbers(access) == [(2, "id-2"), (1, "id-1")]


def change(access: Access, request_id: str) -> Change:
    found = AuditEntry(1, "me", "here", "token create", None, "root", "", "", request_id)
    return Change(access.audit, found)


async def test_a_change_and_its_entry_are_one_transaction(access: Access) -> None:
    made = change(access, "id-1")
    access.link.doubts = 1
    await access.tokens.add(access.token("root")[1], made.witness)
    await made.end(DONE)
    entries, _ = await access.audit.page(None, 10)
    assert [each.entry.outcome for each in entries] == [DONE]
    assert entries[0].entry.detail == "admin in all namespaces"


async def test_what_is_refused_has_its_entry_as_well(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    made = change(access, "id-2")
    with pytest.raises(TokenExists):
        await access.tokens.add(access.token("root")[1], made.witness)
    await made.end("token-exists")
    entries, _ = await access.audit.page(None, 10)
    assert [(each.entry.outcome, each.entry.request_id) for each in entries] == [
        ("token-exists", "id-2")
    ]


async def test_what_only_asks_has_none(access: Access) -> None:
    asked = change(access, "id-3")
    asked.is_none()
    await asked.end(DONE)
    assert await numbers(access) == []


async def test_what_is_no_transaction_has_its_entry_at_the_end(access: Access) -> None:
    made = change(access, "id-4")
    await made.end(DONE)
    assert await numbers(access) == [(1, "id-4")]

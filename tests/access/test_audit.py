"""The audit log: with the change or right after, bounded, once."""

from __future__ import annotations

import asyncio
import logging

import msgpack
import pytest

from kelpie.access.audit import DONE, AuditEntry, AuditLog, Place
from kelpie.access.change import Change
from kelpie.errors import StoreConflict, TokenExists
from kelpie.store import access_keys
from kelpie.store.frame import frame
from tests.access.conftest import LIMITS, Access


def entry(number: int) -> AuditEntry:
    return AuditEntry(number, "me", "here", "deploy", "default", "x", DONE, "", f"id-{number}")


async def record(access: Access, number: int) -> None:
    await access.audit.record(Place(f"change-{number}"), entry(number))


async def numbers(access: Access) -> list[tuple[int, str]]:
    page = await access.audit.page(None, 100)
    return [(each.number, each.entry.request_id) for each in page.entries]


async def outcomes(access: Access) -> list[str]:
    """Oldest first."""
    page = await access.audit.page(None, 100)
    return [each.entry.outcome for each in reversed(page.entries)]


async def test_it_is_read_newest_first_and_in_pages(access: Access) -> None:
    for number in range(1, 5):
        await record(access, number)
    first = await access.audit.page(None, 3)
    assert ([each.number for each in first.entries], first.before) == ([4, 3, 2], 2)
    assert first.entries[0].entry == entry(4)
    rest = await access.audit.page(first.before, 3)
    assert ([each.number for each in rest.entries], rest.before) == ([1], None)


async def test_the_oldest_go(access: Access) -> None:
    for number in range(1, 9):
        await record(access, number)
    found = await numbers(access)
    assert [number for number, _ in found] == [8, 7, 6, 5, 4]
    assert len(found) == LIMITS.audit_entries_max


async def test_one_that_is_written_in_doubt_is_written_once(access: Access) -> None:
    access.link.doubts = 1
    await record(access, 1)
    await record(access, 2)
    assert await numbers(access) == [(2, "id-2"), (1, "id-1")]


def change(access: Access, request_id: str) -> Change:
    found = AuditEntry(1, "me", "here", "token create", None, "root", "", "", request_id)
    return Change(access.audit, found)


async def test_a_change_and_its_entry_are_one_transaction(access: Access) -> None:
    made = change(access, "id-1")
    access.link.doubts = 1
    await access.tokens.add(access.token("root")[1], made.witness)
    await made.end(DONE)
    entries = (await access.audit.page(None, 10)).entries
    assert [each.entry.outcome for each in entries] == [DONE]
    assert entries[0].entry.detail == "admin in all namespaces"


async def test_what_is_refused_has_its_entry_as_well(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    made = change(access, "id-2")
    with pytest.raises(TokenExists):
        await access.tokens.add(access.token("root")[1], made.witness)
    await made.end("token-exists")
    entries = (await access.audit.page(None, 10)).entries
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


async def test_those_of_one_moment_do_not_meet(access: Access) -> None:
    """Each is committed at the first attempt: none reads what another writes."""
    commits = access.link.commits
    await asyncio.gather(*(record(access, number) for number in range(1, 6)))
    assert access.link.commits - commits == 5
    found = await numbers(access)
    assert [number for number, _ in found] == [5, 4, 3, 2, 1]
    assert {request_id for _, request_id in found} == {f"id-{number}" for number in range(1, 6)}


async def test_many_refusals_do_not_hold_up_a_change(access: Access) -> None:
    await access.tokens.add(access.token("root")[1])
    refused = [change(access, f"refused-{number}") for number in range(100)]
    made = change(access, "made")
    await asyncio.gather(
        *(each.end("component-invalid") for each in refused),
        access.tokens.add(access.token("ci")[1], made.witness),
    )
    assert {token.name for token in access.tokens.all()} == {"root", "ci"}
    await record(access, 1)
    assert (await numbers(access))[0][0] == 102


async def test_an_entry_is_tried_until_it_is_in(access: Access) -> None:
    access.link.refusals = 3 * LIMITS.store_attempts_max
    await change(access, "id-1").end("forbidden")
    assert await outcomes(access) == ["forbidden"]


async def test_a_clients_id_hides_no_other_change(access: Access) -> None:
    for number in range(3):
        made = change(access, f"own-{number}")
        made.was_asked_as("same")
        await made.end(DONE)
    assert await numbers(access) == [(3, "same"), (2, "same"), (1, "same")]


async def test_what_came_through_and_was_said_to_fail_has_both(access: Access) -> None:
    made = change(access, "id-1")
    await access.tokens.add(access.token("root")[1], made.witness)
    await made.end("store-commit-unknown")
    assert await outcomes(access) == [DONE, "store-commit-unknown"]


async def test_what_comes_through_after_it_was_said_to_fail_has_both(access: Access) -> None:
    made = change(access, "id-1")
    late = access.client.transaction()
    await made.witness(late, "")
    await made.end("deadline-exceeded")
    with pytest.raises(StoreConflict):
        await late.commit()
    again = access.client.transaction()
    await made.witness(again, "")
    await again.commit()
    assert await outcomes(access) == ["deadline-exceeded", DONE]
    assert [number for number, _ in await numbers(access)] == [2, 1]


async def test_another_log_on_the_same_store_goes_on_behind_it(access: Access) -> None:
    """Whoever has written meanwhile: nothing is written over."""
    other = AuditLog(access.env, access.client, LIMITS)
    await record(access, 1)
    await other.record(Place("change-2"), entry(2))
    await record(access, 3)
    assert await numbers(access) == [(3, "id-3"), (2, "id-2"), (1, "id-1")]


async def test_a_damaged_entry_stops_nothing_and_is_named(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1, 4):
        await record(access, number)
    for number, damaged in ((2, b"damaged"), (3, None)):
        key = access_keys.audit_entry(number, f"change-{number}")
        transaction = access.client.transaction()
        transaction.set(key, damaged or frame(key, msgpack.packb((99, "of the future"))))
        await transaction.commit()
    await AuditLog(access.env, access.client, LIMITS).record(Place("change-4"), entry(4))
    with caplog.at_level(logging.WARNING, "kelpie.audit"):
        page = await access.audit.page(None, 3)
    assert [each.number for each in page.entries] == [4]
    assert (page.damaged, page.before) == ([3, 2], 2)
    assert "entry 2 of the audit log is left out" in caplog.text
    assert [each.number for each in (await access.audit.page(2, 3)).entries] == [1]


async def test_what_is_no_text_is_escaped(access: Access) -> None:
    made = change(access, "id-1")
    made.is_about("\ud800")
    await made.end("invalid-address")
    page = await access.audit.page(None, 1)
    assert page.entries[0].entry.subject == "\\ud800"

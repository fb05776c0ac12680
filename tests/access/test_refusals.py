"""Refusals of one sort are counted, so that they do not fill the audit log."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from kelpie.access.audit import DONE, AuditEntry
from kelpie.access.change import Change
from kelpie.access.refusals import Refusals
from tests.access.conftest import LIMITS, Access


@pytest.fixture
def refusals(access: Access) -> Refusals:
    return Refusals(access.env, access.audit, LIMITS)


def change(access: Access, refusals: Refusals, principal: str = "me", number: int = 0) -> Change:
    entry = AuditEntry(number, principal, "here", "deploy", "default", f"k{number}", "", "", "id")
    return Change(access.audit, entry, refusals)


async def told(access: Access) -> list[tuple[str, str, str]]:
    """Oldest first."""
    entries = [each.entry for each in (await access.audit.page(None, 100)).entries]
    return [(each.subject, each.outcome, each.detail) for each in reversed(entries)]


async def test_after_the_first_they_are_one_entry(access: Access, refusals: Refusals) -> None:
    await change(access, refusals, number=1).end(DONE)
    for number in range(2, 102):
        await change(access, refusals, number=number).end("component-invalid")
    assert await told(access) == [("k1", DONE, ""), ("k2", "component-invalid", "")]
    await refusals.finish()
    last = ("k101", "component-invalid", "the last of 99 more of them")
    assert (await told(access))[2:] == [last]
    # From then on it begins anew.
    await change(access, refusals, number=102).end("component-invalid")
    assert (await told(access))[3:] == [("k102", "component-invalid", "")]
    await refusals.finish()
    assert len(await told(access)) == 4


async def test_what_was_so_already_is_counted_too(access: Access, refusals: Refusals) -> None:
    for number in range(3):
        vain = change(access, refusals, number=number)
        vain.is_vain("was already version 1")
        await vain.end(DONE)
    await change(access, refusals, number=10).end(DONE)
    await refusals.finish()
    assert await told(access) == [
        ("k0", DONE, "was already version 1"),
        ("k10", DONE, ""),
        ("k2", DONE, "the last of 2 more of them"),
    ]


async def test_those_of_other_sorts_are_not_counted_with_them(
    access: Access, refusals: Refusals
) -> None:
    for principal, outcome in (("me", "a"), ("me", "b"), ("other", "a")):
        for _ in range(2):
            await change(access, refusals, principal).end(outcome)
    assert [outcome for _, outcome, _ in await told(access)] == ["a", "b", "a"]


async def test_what_may_have_been_done_has_an_entry_of_its_own(
    access: Access, refusals: Refusals
) -> None:
    for number in range(3):
        made = change(access, refusals, number=number)
        await made.witness(access.client.transaction(), "")
        await made.end("store-commit-unknown")
    assert len(await told(access)) == 3


async def test_when_the_time_is_over_they_are_written(access: Access) -> None:
    refusals = Refusals(access.env, access.audit, replace(LIMITS, audit_fold_ms=1))
    asked = [change(access, refusals, number=number).end("a") for number in range(3)]
    await asyncio.gather(*asked)
    while len(await told(access)) < 2:
        await asyncio.sleep(0.001)
    last = ("k2", "a", "the last of 2 more of them")
    assert sorted(await told(access)) == [("k0", "a", ""), last]

"""Messaging: what is sent arrives, and reminders are known by name."""

from __future__ import annotations

import asyncio

import pytest

from tests.guest_sdks.conformance.subject import Subject

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_is_sent_arrives(actor: Subject) -> None:
    other = Subject(actor.node)
    for amount in (2, 3):
        to = {"kind": "conformance", "key": other.key, "operation": "add"}
        told = await actor.ask("send", **to, argument={"amount": amount})
        assert "failure" not in told, told
    while (await other.ask("get"))["count"] != 5:
        await asyncio.sleep(0.005)


async def test_reminders_are_known_by_name(actor: Subject) -> None:
    for name, when in (
        ("after", {"after_ms": 3_600_000}),
        ("every", {"every_ms": 3_600_000}),
        ("cron", {"cron": "0 0 1 1 *", "zone": "Europe/Berlin"}),
    ):
        told = await actor.ask("remind", name=name, operation="add", argument={}, **when)
        assert "failure" not in told, told
    assert (await actor.ask("reminders"))["ok"] == ["after", "cron", "every"]
    assert (await actor.ask("cancel_reminder", name="cron"))["ok"] is True
    assert (await actor.ask("cancel_reminder", name="cron"))["ok"] is False
    assert (await actor.ask("reminders"))["ok"] == ["after", "every"]
    told = await actor.ask("remind", name="n", operation="add", cron="* * *", zone="UTC")
    assert told["failure"] == "failed"


async def test_one_that_is_due_is_a_turn(actor: Subject) -> None:
    await actor.ask("remind", name="n", operation="add", argument={"amount": 3}, after_ms=1)
    while (await actor.ask("get"))["count"] != 3:
        await asyncio.sleep(0.005)

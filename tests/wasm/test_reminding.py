"""Reminders as a guest sets them: effects of its turn, and what it sees of them."""

from __future__ import annotations

from typing import Any

import pytest

from kelpie.errors import GuestLimitExceeded, ReadOnlyViolation
from kelpie.ids import text
from kelpie.wasm.schedule import Schedule, SetReminder
from tests.wasm.support import Workbench, reply_json


@pytest.mark.parametrize(
    ("argument", "schedule", "missed"),
    [
        ({"ms": 10}, Schedule("after-ms", 10), "fire-once"),
        ({"ms": 10, "again": True, "missed": "skip"}, Schedule("every-ms", 10), "skip"),
        (
            {"cron": "0 0 * * *", "zone": "Europe/Berlin"},
            Schedule("cron", expression="0 0 * * *", zone="Europe/Berlin"),
            "fire-once",
        ),
    ],
)
async def test_reminders_are_effects(
    workbench: Workbench, argument: dict[str, Any], schedule: Schedule, missed: Any
) -> None:
    outcome = await workbench.run("remind", {"name": "daily", **argument})
    assert reply_json(outcome) == {"ok": None}
    assert outcome.effects.outgoing is not None
    asked = SetReminder(schedule, missed, "echo", text("null"))
    assert outcome.effects.outgoing.reminders == {"daily": asked}
    recorded = outcome.journal[-1]
    assert (recorded.name, recorded.arguments) == ("messaging.remind", ("daily", *asked))


async def test_they_are_listed_and_cancelled(workbench: Workbench) -> None:
    assert reply_json(await workbench.run("reminders")) == {"ok": ["kept"]}
    for name, found in ("kept", True), ("none", False):
        outcome = await workbench.run("cancel_reminder", {"name": name})
        assert reply_json(outcome) == {"ok": found}
        outgoing = outcome.effects.outgoing
        assert (outgoing is not None and outgoing.reminders == {name: None}) == found


@pytest.mark.parametrize(
    ("argument", "why"),
    [({"name": "", "ms": 1}, "name of a reminder is empty"), ({"name": "x", "ms": 13}, "never")],
)
async def test_what_cannot_be_set(workbench: Workbench, argument: dict[str, Any], why: str) -> None:
    outcome = await workbench.run("remind", argument)
    told = reply_json(outcome)
    assert told["failure"] == "failed"
    assert why in told["message"]
    assert outcome.effects.outgoing is None


@pytest.mark.parametrize(
    ("argument", "limit"),
    [
        ({"name": "n" * 129, "ms": 1}, "reminder_name_bytes_max"),
        ({"name": "n", "ms": 1, "argument": "x" * 70_000}, "reminder_argument_bytes_max"),
        ({"name": "n", "cron": "*" * 300}, "reminder_cron_bytes_max"),
    ],
)
async def test_limits(workbench: Workbench, argument: dict[str, Any], limit: str) -> None:
    outcome = await workbench.run("remind", argument)
    assert isinstance(outcome.error, GuestLimitExceeded), outcome.error
    assert outcome.error.details["limit"] == limit


async def test_a_read_only_turn_only_lists(workbench: Workbench) -> None:
    assert reply_json(await workbench.run("reminders", read_only=True)) == {"ok": ["kept"]}
    for operation in "remind", "cancel_reminder":
        outcome = await workbench.run(operation, {"name": "x", "ms": 1}, read_only=True)
        assert isinstance(outcome.error, ReadOnlyViolation)

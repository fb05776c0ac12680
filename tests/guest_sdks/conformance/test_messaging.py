"""Messages that the host does not offer to send: every function says so, and nothing is done."""

from __future__ import annotations

import pytest

from tests.guest_sdks.conformance.subject import Subject

pytestmark = pytest.mark.asyncio(loop_scope="session")

TO = {"kind": "conformance", "key": "other", "operation": "add"}
ASKED = [
    ("send", {**TO, "argument": {"amount": 1}}),
    ("send_after", {**TO, "argument": {}, "delay_ms": 5}),
    ("request", {**TO, "argument": {}, "continuation": "echo"}),
    ("remind", {"name": "n", "after_ms": 5, "operation": "add", "argument": {}}),
    ("remind", {"name": "n", "every_ms": 5, "operation": "add"}),
    ("remind", {"name": "n", "cron": "* * * * *", "zone": "Europe/Berlin", "operation": "add"}),
    ("cancel_reminder", {"name": "n"}),
    ("reminders", {}),
]


@pytest.mark.parametrize(("operation", "argument"), ASKED)
async def test_it_is_unavailable(
    actor: Subject, operation: str, argument: dict[str, object]
) -> None:
    told = await actor.ask(operation, **argument)
    assert told["failure"] == "unavailable"
    assert told["message"]
    assert "code" not in told

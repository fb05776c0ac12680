"""Asking another actor, and what the guest is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.guest_sdks.conformance.subject import KIND, Subject

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def call(actor: Subject, other: Subject, operation: str, argument: Any = None) -> Any:
    return await actor.ask("call", kind=KIND, key=other.key, operation=operation, argument=argument)


@pytest.fixture
def other(actor: Subject) -> Subject:
    return Subject(actor.node)


async def test_a_reply(actor: Subject, other: Subject) -> None:
    assert await call(actor, other, "add", {"amount": 2}) == {"ok": {"count": 2}}
    assert await call(actor, other, "add", {"amount": 3}) == {"ok": {"count": 5}}
    assert await other.ask("add") == {"count": 6}
    assert await actor.ask("add") == {"count": 1}


async def test_a_rejection(actor: Subject, other: Subject) -> None:
    told = await call(actor, other, "reject", {"code": "no-way", "message": "ä"})
    assert told == {"failure": "rejected", "code": "no-way", "message": "ä"}


async def test_a_bug_of_the_other(actor: Subject, other: Subject) -> None:
    told = await call(actor, other, "fail", {"message": "the disk of ä"})
    assert told["failure"] == "failed"
    assert "the disk of ä" in told["message"]


async def test_nobody_is_there(actor: Subject) -> None:
    told = await actor.ask("call", kind="nobody", key="k", operation="add")
    assert told["failure"] == "failed"
    assert "kind-not-found" in told["message"]


async def test_it_cannot_wait_for_itself(actor: Subject) -> None:
    told = await call(actor, actor, "add")
    assert told["failure"] == "failed"
    ring = f"default/{KIND}/{actor.key} -> default/{KIND}/{actor.key}"
    assert ring in told["message"]


async def test_who_is_asked_knows_by_whom(actor: Subject, other: Subject) -> None:
    told = await call(actor, other, "identity")
    assert told["ok"]["caller"] == {
        "actor": {"namespace": "default", "kind": KIND, "key": actor.key}
    }

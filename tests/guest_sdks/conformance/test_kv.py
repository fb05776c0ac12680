"""Keys and values."""

from __future__ import annotations

import pytest

from kelpie.errors import GuestLimitExceeded, ReadOnlyViolation
from tests.guest_sdks.conformance.subject import Subject

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_text_and_bytes_stay_what_they_are(actor: Subject) -> None:
    assert await actor.ask("kv_set", key="a", text="ä\u0000") is None
    assert await actor.ask("kv_set_bytes", key="b", hex="00ff7b7d") is None
    assert await actor.ask("kv_set", key="c", text="") is None
    assert await actor.ask("kv_set_bytes", key="d", hex="") is None
    assert await actor.ask("kv_get", key="a") == {"text": "ä\u0000"}
    assert await actor.ask("kv_get", key="b") == {"hex": "00ff7b7d"}
    assert await actor.ask("kv_get", key="c") == {"text": ""}
    assert await actor.ask("kv_get", key="d") == {"hex": ""}
    assert await actor.ask("kv_get", key="e") is None
    assert await actor.ask("kv_list") == {
        "entries": [
            {"key": "a", "text": "ä\u0000"},
            {"key": "b", "hex": "00ff7b7d"},
            {"key": "c", "text": ""},
            {"key": "d", "hex": ""},
        ],
        "more": False,
    }


async def test_a_key_can_be_overwritten_and_deleted(actor: Subject) -> None:
    await actor.ask("kv_set", key="a", text="1")
    await actor.ask("kv_set_bytes", key="a", hex="02")
    assert await actor.ask("kv_get", key="a") == {"hex": "02"}
    for _ in range(2):
        assert await actor.ask("kv_delete", key="a") is None
        assert await actor.ask("kv_get", key="a") is None


async def test_pages(actor: Subject) -> None:
    keys = ["a", "p", "p/1", "p/2", "p/3", "p/ä", "p0", "q"]
    await actor.batch(
        *({"operation": "kv_set", "argument": {"key": key, "text": key}} for key in keys)
    )

    async def listed(**how: object) -> tuple[list[str], bool]:
        page = await actor.ask("kv_list", **how)
        return [entry["key"] for entry in page["entries"]], page["more"]

    assert await listed() == (keys, False)
    assert await listed(reverse=True) == (keys[::-1], False)
    assert await listed(prefix="p/") == (["p/1", "p/2", "p/3", "p/ä"], False)
    assert await listed(prefix="p/", limit=2) == (["p/1", "p/2"], True)
    assert await listed(prefix="p/", limit=2, after="p/2") == (["p/3", "p/ä"], False)
    assert await listed(prefix="p/", limit=2, reverse=True) == (["p/ä", "p/3"], True)
    assert await listed(prefix="p/", after="p/3", reverse=True) == (["p/2", "p/1"], False)
    assert await listed(prefix="p/", after=None) == await listed(prefix="p/")
    assert await listed(prefix="x") == ([], False)


async def test_all_pages_are_walked(actor: Subject) -> None:
    # More than the host gives at once: `clear_all` walks over all keys.
    for half in range(2):
        await actor.batch(
            *(
                {"operation": "kv_set", "argument": {"key": f"{half}/{n:03}", "text": ""}}
                for n in range(600)
            )
        )
    await actor.ask("clear_all")
    assert await actor.ask("kv_list") == {"entries": [], "more": False}


async def test_keys_have_a_limit(actor: Subject) -> None:
    await actor.ask("kv_set", key="k" * 1_024, text="")
    for operation in ("kv_set", "kv_get", "kv_delete"):
        text = ', "text": ""' if operation == "kv_set" else ""
        for key in ("k" * 1_025, ""):
            error = await actor.error(operation, f'{{"key": "{key}"{text}}}')
            assert error.source == "actor", error
            if key:
                assert type(error) is GuestLimitExceeded
    assert (await actor.ask("kv_list"))["entries"] == [{"key": "k" * 1_024, "text": ""}]


async def test_a_read_only_operation_cannot_write(actor: Subject) -> None:
    error = await actor.error("write_read_only")
    assert type(error) is ReadOnlyViolation
    assert "kv.set" in error.message
    assert await actor.ask("kv_get", key="mark") is None

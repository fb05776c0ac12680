"""Which actors have dead letters: known without asking each of them."""

from __future__ import annotations

import json

import pytest

from kelpie.errors import ActorRejected, KindNotFound
from kelpie.ids import Payload
from kelpie.store.tuples import unpack
from tests.runtime.conftest import StartScripted
from tests.runtime.messaging.scripts import SCRIPTS, rows, until
from tests.runtime.scripted import Host
from tests.runtime.scripts import append
from tests.runtime.support import TestNode, address, outcome


class Mood:
    """An operation that refuses until it is told otherwise."""

    refuses = True

    async def take(self, host: Host) -> Payload:
        if self.refuses:
            raise ActorRejected("no", "not today")
        return append(host)


async def receivers(node: TestNode, *, after: tuple[str, str] | None = None) -> list[str]:
    page = await node.runtime.mail.messages.with_dead_letters("default", "thing", after, 10)
    everywhere = await node.runtime.mail.messages.with_dead_letters("default", None, after, 10)
    assert everywhere == page
    return [each.key for each in page.actors]


async def bury(node: TestNode, *keys: str) -> None:
    letters = [(key, "take", "1") for key in keys]
    await node.value("send", letters, key="a")
    await until(lambda: not [x for x in rows(node.client.store) if x[0] == "pend" or x[4] == "out"])


async def test_an_actor_is_found_as_long_as_it_has_one(scripted: StartScripted) -> None:
    mood = Mood()
    node = await scripted({**SCRIPTS, "take": mood.take})
    assert await receivers(node) == []
    await bury(node, "c", "b", "b")
    assert await receivers(node) == ["b", "c"]
    assert await receivers(node, after=("thing", "b")) == ["c"]
    assert (
        await receivers(node, after=("thing", "c")) == await receivers(node, after=("x", "")) == []
    )
    messages = node.runtime.mail.messages
    (first, _), (second, _) = (await messages.dead_letters(address("b"), None, 10)).letters
    await messages.drop(address("b"), first)
    assert await receivers(node) == ["b", "c"]
    # One that is tried again in vain stays.
    assert await outcome(messages.retry(address("b"), second)) == "rejected"
    assert await receivers(node) == ["b", "c"]
    mood.refuses = False
    await messages.retry(address("b"), second)
    assert await receivers(node) == ["c"]


async def test_they_come_in_pages(scripted: StartScripted) -> None:
    node = await scripted({**SCRIPTS, "take": Mood().take})
    keys = sorted(f"to-{number}" for number in range(7))
    await bury(node, *keys)
    found: list[str] = []
    after = None
    while True:
        page = await node.runtime.mail.messages.with_dead_letters("default", None, after, 3)
        found += [each.key for each in page.actors]
        if not page.more:
            break
        after = page.actors[-1].kind, page.actors[-1].key
    assert found == keys


async def test_nobody_is_found_of_what_is_no_more(scripted: StartScripted) -> None:
    node = await scripted({**SCRIPTS, "take": Mood().take})
    await bury(node, "b")
    await node.runtime.delete_kind("default", "thing", force=True)
    with pytest.raises(KindNotFound):
        await receivers(node)
    heads = {unpack(key)[0] for key, _ in node.client.store.pairs()}
    assert "dead" not in heads, json.dumps(sorted(map(str, heads)))
    page = await node.runtime.mail.messages.with_dead_letters("default", None, None, 10)
    assert page.actors == []

"""The bytes of components: kept while a version uses them, and no longer."""

from __future__ import annotations

import asyncio
import random

import pytest

from kelpie.errors import KindNotFound, VersionNotFound
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.runtime.kinds.configuration import check_change
from kelpie.store import component_keys, keyspace
from kelpie.store.protocol import Transaction
from kelpie.store.tuples import pack
from tests.runtime.conftest import LIMITS
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import ScriptedEngine
from tests.runtime.scripts import append
from tests.runtime.support import TestNode, World, settle

SCRIPTS = {"append": append}
NAMES = ("one", "two", "three", "four")
NOTED = component_keys.component_uses_noted()


def engine() -> ScriptedEngine:
    return ScriptedEngine(**dict.fromkeys(NAMES, SCRIPTS))


async def started(world: World, **limits: int) -> TestNode:
    node = await world.start(engine(), Limits(**{**LIMITS, **limits}))
    await settle()
    return node


async def deploy(node: TestNode, name: str, kind: str = "thing") -> None:
    await node.runtime.deploy("default", kind, name.encode())
    await settle()


async def delete(node: TestNode, kind: str = "thing") -> None:
    await node.runtime.delete_kind("default", kind, force=True)
    await settle()


def kept(node: TestNode) -> set[str]:
    """The names of the components of which anything is in the store."""
    assert isinstance(node.engine, ScriptedEngine)
    names = {each.digest: name for name, each in node.engine.components.items()}
    components = pack("w")
    keys = [key for key, _ in node.client.store.pairs() if key.startswith(components)]
    found = {names[component_keys.digest_of(key)] for key in keys}
    for name in found:
        digest = node.engine.components[name].digest
        assert {component_keys.component(digest), component_keys.component_chunk(digest, 0)} <= {
            *keys
        }
    return found


async def test_they_go_with_the_last_kind_that_uses_them(world: World) -> None:
    node = await started(world)
    await deploy(node, "one", "a")
    await deploy(node, "one", "b")
    await deploy(node, "two", "b")
    await delete(node, "b")
    assert kept(node) == {"one"}
    await delete(node, "a")
    assert kept(node) == set()
    # And they come back with the next.
    await deploy(node, "one", "a")
    assert kept(node) == {"one"}
    assert await node.get("append", "x", kind="a") == "x"


async def test_they_go_with_the_last_version_that_has_them(world: World) -> None:
    node = await started(world, versions_max=2)
    for name, expected in (
        ("one", {"one"}),
        ("two", {"one", "two"}),
        ("one", {"one", "two"}),
        ("three", {"one", "three"}),
        ("four", {"three", "four"}),
    ):
        await deploy(node, name)
        assert kept(node) == expected
    await node.runtime.roll_back("default", "thing")
    assert await node.get("append", "x") == "x"


async def test_the_oldest_versions_go_when_all_have_too_many_bytes(world: World) -> None:
    # The components are their names: "one" and "two" have 3 bytes, "three" has 5.
    node = await started(world, versions_bytes_max=8)
    for name, expected, first in (
        ("one", {"one"}, 1),
        ("two", {"one", "two"}, 1),
        # Twice the same is counted once.
        ("one", {"one", "two"}, 1),
        ("three", {"one", "three"}, 3),
        # However large it is, the current one stays, and the one before.
        ("four", {"three", "four"}, 4),
    ):
        await deploy(node, name)
        assert kept(node) == expected
        versions, _ = await node.runtime.history.page("default", "thing", None, 100)
        assert versions[-1].number == first
    await node.runtime.roll_back("default", "thing")
    assert await node.get("append", "x") == "x"
    with pytest.raises(VersionNotFound):
        await node.runtime.roll_back("default", "thing", 1)


async def test_what_is_set_stays_with_the_versions_that_have_it(world: World) -> None:
    node = await started(world, versions_bytes_max=8)
    await deploy(node, "one")
    change = check_change("config", {"A": "1"}, DEFAULT_LIMITS)
    await node.runtime.configure("default", "thing", change)  # version 2
    for name in ("two", "three", "four"):
        await deploy(node, name)
    key = keyspace.configuration("default", "thing", 2)
    assert dict(node.client.store.pairs()).get(key) is not None
    current = node.runtime.kind("default", "thing")
    assert dict((await node.runtime.configuration(current)).config) == {"A": "1"}


async def test_a_host_that_starts_goes_on_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await started(world)
    await deploy(node, "one", "a")
    await deploy(node, "two", "b")
    monkeypatch.setattr(type(node.runtime._deploys._unused), "may_be_more", lambda _: None)
    await delete(node, "a")
    assert kept(node) == {"one", "two"}
    assert kept(await started(world)) == {"two"}


async def test_what_is_half_uploaded_stays(world: World) -> None:
    """Its head comes last, and until then nobody clears what is there of it."""
    node = await started(world)
    await deploy(node, "one", "a")
    assert isinstance(node.engine, ScriptedEngine)
    digest = node.engine.components["two"].digest
    chunk = component_keys.component_chunk(digest, 0)
    upload = node.client.transaction()
    upload.set(chunk, b"part")
    await upload.commit()
    await delete(node, "a")
    assert dict(world.store.pairs())[chunk] == b"part"


async def test_of_a_store_without_notes_all_versions_are_noted_first(world: World) -> None:
    node = await started(world, versions_page_entries_max=1)
    for name in ("one", "two", "three"):
        await deploy(node, name)
    await deploy(node, "one", "other")
    await node.runtime.drain()
    # As an older version of Kelpie left it.
    uses = pack("u")
    forget = node.client.transaction()
    for key, _ in world.store.pairs():
        if key.startswith(uses):
            forget.clear(key)
    await forget.commit()
    again = await started(world)
    assert kept(again) == {"one", "two", "three"}
    assert NOTED in dict(world.store.pairs())
    await delete(again)
    assert kept(again) == {"one"}


async def test_nothing_goes_while_it_is_not_known_what_is_used(world: World) -> None:
    node = await started(world)
    for name in ("one", "two"):
        await deploy(node, name)
    await deploy(node, "three", "other")
    await node.runtime.drain()
    clearing = node.client.transaction()
    clearing.clear(NOTED)
    await clearing.commit()
    older = keyspace.deploy("default", "thing", 1)
    world.store.overwrite(older, dict(world.store.pairs())[older][:-1] + b"X")
    again = await started(world)
    await delete(again, "other")
    assert kept(again) == {"one", "two", "three"}


@pytest.mark.parametrize("fate", [unknown_and_lost, unknown_but_landed])
async def test_when_nobody_knows_whether_they_went(world: World, fate: object) -> None:
    node = await started(world)
    await deploy(node, "one", "a")
    await node.runtime.delete_kind("default", "a", force=True)
    node.link.fates.extend([fate] * 2)  # type: ignore[list-item]
    await settle(50)
    await deploy(node, "two", "b")
    assert kept(node) == {"two"}


async def test_one_that_was_cleared_before_its_version_came_is_kept_again(world: World) -> None:
    node = await started(world)
    assert isinstance(node.engine, ScriptedEngine)
    digest = node.engine.components["one"].digest
    keep, times = node.runtime._deploys.components.keep, 0

    async def keep_and_lose(*given: object) -> None:
        nonlocal times
        times += 1
        await keep(*given)  # type: ignore[arg-type]
        if times < 3:
            transaction: Transaction = node.client.transaction()
            transaction.clear(component_keys.component(digest))
            transaction.clear_range(*component_keys.component_chunks(digest))
            await transaction.commit()

    node.runtime._deploys.components.keep = keep_and_lose  # type: ignore[method-assign, assignment]
    await deploy(node, "one")
    assert times == 3
    assert kept(node) == {"one"}


async def test_one_that_is_cleared_while_it_is_kept_is_whole_at_last(world: World) -> None:
    node = await started(world)
    assert isinstance(node.engine, ScriptedEngine)
    digest = node.engine.components["one"].digest
    # Its bytes, and its head: that lands, and is cleared before that is known.
    node.link.fates.append(lambda chunks: chunks.land())
    node.link.hold()
    deploying = asyncio.create_task(deploy(node, "one"))
    head = await node.link.held()
    head.apply()
    transaction: Transaction = node.client.transaction()
    transaction.clear(component_keys.component(digest))
    transaction.clear_range(*component_keys.component_chunks(digest))
    await transaction.commit()
    head.lose()
    await deploying
    assert kept(node) == {"one"}


@pytest.mark.parametrize("seed", range(20))
async def test_what_is_kept_is_what_is_used(world: World, seed: int) -> None:
    """Whatever is deployed, rolled back and deleted, in whatever order."""
    chosen = random.Random(seed)
    node = await started(world, versions_max=3)
    for _ in range(25):
        kind = chosen.choice(["a", "b"])
        try:
            match chosen.randrange(5):
                case 0:
                    await delete(node, kind)
                case 1:
                    await node.runtime.roll_back("default", kind)
                    await settle()
                case _:
                    await deploy(node, chosen.choice(NAMES), kind)
        except (KindNotFound, VersionNotFound):
            continue
        if chosen.randrange(8) == 0:
            node = await started(world, versions_max=3)
        used = set()
        assert isinstance(node.engine, ScriptedEngine)
        for each in node.runtime.kinds("default"):
            versions, _ = await node.runtime.history.page("default", each.kind, None, 100)
            used |= {version.digest for version in versions}
        names = {c.digest: name for name, c in node.engine.components.items()}
        assert kept(node) == {names[digest] for digest in used}

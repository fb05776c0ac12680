"""Deploys: which version an actor runs, and that it never goes back."""

from __future__ import annotations

import asyncio

import msgpack
import pytest

from kelpie.errors import (
    ComponentRefused,
    ComponentTooLarge,
    GuestTrapped,
    InvalidAddress,
    KindNotFound,
    KindsFull,
    LoadFailed,
    StoredValueCorrupt,
)
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.store import component_keys, keyspace
from kelpie.store.frame import frame
from kelpie.wasm.turn import Manifest, Operation
from tests.runtime.conftest import LIMITS, StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import Host, Script, ScriptedEngine
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, World, outcome, settle


def says(what: str) -> Script:
    def script(host: Host) -> Payload:
        return text(f"{what}:{read(host).data.decode()}")

    return script


def add(node: TestNode, name: str, **scripts: Script) -> None:
    assert isinstance(node.engine, ScriptedEngine)
    node.engine.add(name, {"append": append, "read": read, **scripts}, {"read"})


async def test_a_deploy_has_a_number_that_only_grows(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    numbers = [
        (await node.runtime.deploy("default", "thing", each)).number
        for each in (b"newer", b"thing", b"newer")
    ]
    assert numbers == [2, 3, 4]
    assert node.runtime.kind("default", "thing").number == 4


async def test_the_same_bytes_again_change_nothing(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    await node.get("append", "a")
    before = node.client.store.pairs()
    again = await node.runtime.deploy("default", "thing", b"thing")
    assert (again.number, again.changed) == (1, False)
    assert node.client.store.pairs() == before
    assert node.runtime.kind("default", "thing").changed
    assert node.component.made == 1
    assert await node.get("append", "b") == "ab"
    assert node.component.made == 1


async def test_an_actor_is_upgraded_between_turns_and_keeps_its_state(
    scripted: StartScripted,
) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append, "who": says("old")})
    await node.get("append", "a")
    running = node.ask("slow", "b")
    after = node.ask("who")
    await settle()
    add(node, "newer", who=says("new"))
    await node.runtime.deploy("default", "thing", b"newer")
    gate.open()
    # The turn that ran keeps its version; the next one has the new one.
    assert await outcome(running) == "ab"
    assert await outcome(after) == "new:ab"
    assert await node.get("append", "c") == "abc"
    view = await node.runtime.actors.show(node.envelope("x").target)
    assert (view.deploy_number, view.epoch) == (2, 1)
    assert not node.component.live


async def test_an_upgrade_while_a_commit_is_in_flight(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "who": says("old")})
    await node.get("append", "a")
    node.link.hold()
    asked = node.ask("append", "b")
    held = await node.link.held()
    add(node, "newer", who=says("new"))
    deploying = asyncio.ensure_future(node.runtime.deploy("default", "thing", b"newer"))
    await settle(50)
    await deploying
    upgraded = [node.ask("who"), node.ask("append", "c"), node.ask("read")]
    await settle()
    held.land()
    assert await outcome(asked) == "ab"
    assert [await outcome(each) for each in upgraded] == ["new:ab", "abc", "abc"]
    # In the store, too.
    assert (await node.runtime.actors.show(node.envelope("x").target)).deploy_number == 2
    assert await node.get("read") == "abc"
    assert node.engine.components["newer"].made == 1  # type: ignore[attr-defined]


async def test_an_upgrade_while_a_commit_is_in_doubt(scripted: StartScripted) -> None:
    for fate in (unknown_and_lost, unknown_but_landed):
        node = await scripted({"append": append})
        key = fate.__name__
        await node.get("append", "a", key=key)
        node.link.hold()
        asked = node.ask("append", "b", key=key)
        held = await node.link.held()
        add(node, "newer")
        await node.runtime.deploy("default", "thing", b"newer")
        upgraded = node.ask("append", "c", key=key)
        await settle()
        fate(held)
        assert [await outcome(asked), await outcome(upgraded)] == ["ab", "abc"]
        await node.runtime.drain()


async def test_whether_an_operation_is_read_only_is_decided_by_the_version_that_runs(
    scripted: StartScripted,
) -> None:
    modes: list[bool] = []

    def note(host: Host) -> Payload:
        modes.append(host.turn.read_only)
        return text("ok")

    node = await scripted({"note": note})
    await node.get("note")
    node.engine.add("newer", {"note": note}, {"note"})  # type: ignore[attr-defined]
    await node.runtime.deploy("default", "thing", b"newer")
    await node.get("note")
    assert modes == [False, True]


async def test_a_broken_version_leaves_the_state_and_a_good_one_works_again(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append})
    await node.get("append", "a")
    add(node, "broken")
    broken = node.engine.components["broken"]  # type: ignore[attr-defined]
    broken.start_error = GuestTrapped("it crashed at its start")
    await node.runtime.deploy("default", "thing", b"broken")
    for _ in range(3):
        assert await outcome(node.ask("append", "b")) == "guest-trapped"
    view = await node.runtime.actors.show(node.envelope("x").target)
    assert view.last_error is not None
    assert "at its start" in view.last_error
    await node.runtime.deploy("default", "thing", b"thing")
    assert await node.get("append", "c") == "ac"


async def test_a_refused_component_leaves_the_current_one(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, component_bytes_max=100)
    node.engine.refused[b"bad"] = ComponentRefused("no actor", reasons=["x"])  # type: ignore[attr-defined]
    with pytest.raises(ComponentRefused):
        await node.runtime.deploy("default", "thing", b"bad")
    with pytest.raises(ComponentTooLarge):
        await node.runtime.deploy("default", "thing", b"x" * 101)
    with pytest.raises(InvalidAddress):
        await node.runtime.deploy("default", "Thing", b"thing")
    assert node.runtime.kind("default", "thing").number == 1
    assert await node.get("append", "a") == "a"


async def test_two_deploys_at_once_both_count(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    for name in ("one", "two", "three"):
        add(node, name)
    deploys = await asyncio.gather(
        *(node.runtime.deploy("default", "thing", each) for each in (b"one", b"two", b"three"))
    )
    assert sorted(each.number for each in deploys) == [2, 3, 4]
    last = max(deploys, key=lambda each: each.number)
    assert node.runtime.kind("default", "thing").digest == last.digest


async def test_deploys_survive_a_restart(world: World, scripted: StartScripted) -> None:
    node = await scripted({"append": append, "who": says("old")})
    await node.get("append", "a")
    add(node, "newer", who=says("new"))
    await node.runtime.deploy("default", "thing", b"newer")
    await node.runtime.deploy("default", "other", b"newer")
    await node.runtime.deploy("elsewhere", "other", b"newer")
    again = await world.start(node.engine, node.limits)
    kinds = [(each.kind, each.number) for each in again.runtime.kinds("default")]
    assert kinds == [("other", 1), ("thing", 2)]
    assert [each.kind for each in again.runtime.kinds("elsewhere")] == ["other"]
    assert "read" in again.runtime.kind("default", "thing").manifest.read_only
    assert await again.get("who") == "new:a"


async def test_an_unknown_kind_names_those_that_are_there(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    with pytest.raises(KindNotFound) as caught:
        await node.ask("append", kind="thin")
    assert caught.value.details["known"] == ["thing"]


async def test_kinds_are_bounded_and_a_refused_one_leaves_nothing(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append}, kinds_max=2)
    add(node, "newer")
    add(node, "third")
    await node.runtime.deploy("default", "other", b"newer")
    before = node.client.store.pairs()
    with pytest.raises(KindsFull):
        await node.runtime.deploy("default", "more", b"third")
    assert node.client.store.pairs() == before
    # What is there may still be replaced, and other namespaces have their own.
    assert (await node.runtime.deploy("default", "other", b"third")).number == 2
    assert (await node.runtime.deploy("elsewhere", "more", b"third")).number == 1


async def test_many_actors_at_once_load_a_component_once(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    again = await world.start(node.engine, node.limits)
    engine = again.engine
    assert isinstance(engine, ScriptedEngine)
    engine.load_stands = again.env.future()
    loads = engine.loads
    asked = [again.ask("append", "a", key=str(n)) for n in range(50)]
    await settle()
    engine.load_stands.set_result(None)
    assert [await outcome(each) for each in asked] == ["a"] * 50
    assert engine.loads == loads + 1


async def test_a_load_goes_on_when_the_request_that_began_it_is_killed(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    again = await world.start(node.engine, node.limits)
    engine = again.engine
    assert isinstance(engine, ScriptedEngine)
    engine.load_stands = again.env.future()
    late = again.ask("append", "a", deadline_ms=1000)
    patient = again.ask("append", "b", deadline_ms=600_000, key="two")
    await settle()
    again.env.ahead_ms += 2000
    assert await outcome(late) == "deadline-exceeded"
    loads = engine.loads
    engine.load_stands.set_result(None)
    assert await outcome(patient) == "b"
    assert await again.get("append", "c") == "c"
    assert engine.loads == loads


async def test_a_component_that_cannot_be_loaded_is_tried_again(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    again = await world.start(node.engine, node.limits)
    again.engine.refused[b"thing"] = ComponentRefused("no actor", reasons=[])  # type: ignore[attr-defined]
    with pytest.raises(LoadFailed):
        await again.ask("append", "a")
    del again.engine.refused[b"thing"]  # type: ignore[attr-defined]
    assert await again.get("append", "a") == "a"


async def test_what_was_found_out_about_a_component_is_not_found_out_again(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    engine = node.engine
    assert isinstance(engine, ScriptedEngine)
    assert engine.reports == [b""]
    again = await world.start(engine, node.limits)
    await again.get("append", "a")
    assert engine.reports == [b"", b"found"]
    # An older version of Kelpie kept nothing but the size.
    key = component_keys.component(node.component.digest)
    for older_head in (frame(key, msgpack.packb(5)), b"damaged"):
        world.store.overwrite(key, older_head)
        older = await world.start(engine, node.limits)
        await older.get("append", "a")
        assert engine.reports.pop() == b""
    # Who deploys it again keeps what was found.
    await older.runtime.deploy("default", "thing", b"thing")
    newest = await world.start(engine, node.limits)
    await newest.get("append", "a")
    assert engine.reports[-1] == b"found"


async def test_damaged_component_bytes_are_named(world: World, scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    key = component_keys.component_chunk(node.component.digest, 0)
    stored = dict(world.store.pairs())[key]
    world.store.overwrite(key, stored[:-1] + b"X")
    again = await world.start(node.engine, node.limits)
    with pytest.raises(StoredValueCorrupt, match=node.component.digest):
        await again.ask("append", "a")


@pytest.mark.parametrize("fate", [unknown_and_lost, unknown_but_landed])
async def test_a_deploy_in_doubt_is_done_once(scripted: StartScripted, fate: object) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    node.link.fates.extend([fate] * 3)  # type: ignore[list-item]
    deploy = await node.runtime.deploy("default", "thing", b"newer")
    assert deploy.number == 2
    assert deploy.changed
    assert await node.get("append", "a") == "a"


async def test_any_json_schema_can_be_kept(world: World, scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    add(node, "odd")
    nested: object = {}
    for _ in range(300):
        nested = {"items": nested}
    schema = {"maximum": 1 << 80, "minimum": -1.5, "const": None, "title": "\ud800", "not": nested}
    manifest = Manifest(
        "doc",
        {"append": Operation("append", "\ud800", argument=schema, result=True)},
    )
    node.engine.components["odd"].manifest = manifest  # type: ignore[attr-defined]
    await node.runtime.deploy("default", "thing", b"odd")
    again = await world.start(node.engine, Limits(**LIMITS))
    assert again.runtime.kind("default", "thing").manifest == manifest


async def test_a_kind_that_could_not_be_read_is_served_once_it_can(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append}, damaged_kind_rest_ms=20)
    await node.get("append", "a")
    key = keyspace.deploy("default", "thing", 1)
    stored = dict(world.store.pairs())[key]
    world.store.overwrite(key, stored[:-1] + b"X")
    again = await world.start(node.engine, node.limits)
    with pytest.raises(StoredValueCorrupt):
        await again.ask("append", "b")
    await asyncio.sleep(0.1)
    with pytest.raises(StoredValueCorrupt):
        await again.ask("append", "b")
    world.store.overwrite(key, stored)
    await asyncio.sleep(0.1)
    assert await again.get("append", "b") == "ab"
    assert again.runtime.node.damaged_kinds == {}

"""Versions of a kind: their history, going back, and deploys that are only checked."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import (
    ComponentRefused,
    DeployBreaking,
    GuestTrapped,
    KindNotFound,
    KindsFull,
    VersionNotFound,
)
from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.host import Runtime
from kelpie.runtime.kinds.changes import Changes, Narrowing, compare
from kelpie.runtime.kinds.configuration import check_change, read_configuration
from kelpie.runtime.kinds.deploy import read_current, read_deploy
from kelpie.store import keyspace
from kelpie.store.reading import reading
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.turn import Manifest, Operation
from tests.runtime.conftest import StartScripted
from tests.runtime.link import unknown_and_lost, unknown_but_landed
from tests.runtime.scripted import ScriptedEngine
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, World, outcome, settle
from tests.runtime.test_deploys import add, says


async def numbers(runtime: Runtime, before: int | None = None, count: int = 100) -> list[int]:
    page, _ = await runtime.history.page("default", "thing", before, count)
    return [each.number for each in page]


async def test_every_deploy_is_a_version(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    for upload in (b"newer", b"newer", b"thing"):
        await node.runtime.deploy("default", "thing", upload)
    assert await numbers(node.runtime) == [3, 2, 1]
    digests = [
        (await node.runtime.history.version("default", "thing", number)).digest
        for number in (1, 2, 3)
    ]
    assert digests[0] == digests[2] != digests[1]
    for number in (0, 4):
        with pytest.raises(VersionNotFound):
            await node.runtime.history.version("default", "thing", number)
    with pytest.raises(KindNotFound):
        await node.runtime.history.version("default", "other", 1)


async def test_pages_of_versions(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    for n in range(49):
        await node.runtime.deploy("default", "thing", b"thing" if n % 2 else b"newer")
    history = node.runtime.history
    seen: list[int] = []
    before, more = None, True
    while more:
        page, more = await history.page("default", "thing", before, 7)
        seen += [each.number for each in page]
        before = seen[-1]
    assert seen == list(range(50, 0, -1))
    assert await numbers(node.runtime, 1) == []
    assert (await history.page("default", "thing", 21, 20))[1] is False


async def test_a_page_is_bounded_by_what_is_stored(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, versions_page_bytes_max=1)
    add(node, "newer")
    await node.runtime.deploy("default", "thing", b"newer")
    page, more = await node.runtime.history.page("default", "thing", None, 100)
    assert ([each.number for each in page], more) == ([2], True)


async def test_rolling_back_is_a_new_version_of_older_bytes(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append, "who": says("old")})
    add(node, "newer", who=says("new"))
    await node.runtime.deploy("default", "thing", b"newer")
    back = await node.runtime.roll_back("default", "thing")
    assert (back.number, back.changed, back.digest) == (3, True, node.component.digest)
    assert await node.get("who") == "old:"
    # Again, and it is undone.
    assert (await node.runtime.roll_back("default", "thing")).number == 4
    assert await node.get("who") == "new:"
    assert (await node.runtime.roll_back("default", "thing", 1)).number == 5
    same = await node.runtime.roll_back("default", "thing", 3)
    assert (same.number, same.changed) == (5, False)
    again = await world.start(node.engine, node.limits)
    assert again.runtime.kind("default", "thing").number == 5
    assert await again.get("who") == "old:"


async def test_an_actor_moves_back_between_turns_and_keeps_its_state(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append, "who": says("old")})
    gate = Gate()
    add(node, "newer", slow=gate.script(append), who=says("new"))
    await node.runtime.deploy("default", "thing", b"newer")
    await node.get("append", "a")
    running = node.ask("slow", "b")
    after = node.ask("who")
    await settle()
    await node.runtime.roll_back("default", "thing")
    gate.open()
    assert [await outcome(running), await outcome(after)] == ["ab", "old:ab"]
    assert await node.get("append", "c") == "abc"
    view = await node.runtime.actors.show(node.envelope("x").target)
    assert (view.deploy_number, view.epoch) == (3, 1)


async def test_an_actor_whose_version_is_broken_works_again_after_a_rollback(
    scripted: StartScripted,
) -> None:
    node = await scripted({"append": append})
    await node.get("append", "a")
    add(node, "broken")
    broken = node.engine.components["broken"]  # type: ignore[attr-defined]
    broken.start_error = GuestTrapped("it crashed at its start")
    await node.runtime.deploy("default", "thing", b"broken")
    assert await outcome(node.ask("append", "b")) == "guest-trapped"
    await node.runtime.roll_back("default", "thing")
    assert await node.get("append", "c") == "ac"


async def test_nothing_to_roll_back_to(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    with pytest.raises(VersionNotFound, match="nothing to roll back to"):
        await node.runtime.roll_back("default", "thing")
    with pytest.raises(VersionNotFound):
        await node.runtime.roll_back("default", "thing", 7)
    with pytest.raises(KindNotFound):
        await node.runtime.roll_back("default", "other")
    assert await numbers(node.runtime) == [1]


async def test_what_cannot_be_run_any_more_is_not_made_current(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    await node.runtime.deploy("default", "thing", b"newer")
    again = await world.start(node.engine, node.limits)
    again.engine.refused[b"thing"] = ComponentRefused("no actor", reasons=[])  # type: ignore[attr-defined]
    with pytest.raises(ComponentRefused):
        await again.runtime.roll_back("default", "thing")
    assert again.runtime.kind("default", "thing").number == 2
    assert await again.get("append", "a") == "a"


@pytest.mark.parametrize("fate", [unknown_and_lost, unknown_but_landed])
async def test_a_rollback_in_doubt_is_done_once(scripted: StartScripted, fate: object) -> None:
    node = await scripted({"append": append, "gone": append})
    add(node, "newer")
    newer = await node.runtime.deploy("default", "thing", b"newer")
    assert newer.changes == Changes(added=("read",), removed=("gone",))
    node.link.fates.extend([fate] * 3)  # type: ignore[list-item]
    back = await node.runtime.roll_back("default", "thing")
    assert (back.number, back.changed) == (3, True)
    assert back.changes == Changes(added=("gone",), removed=("read",))


async def test_deploys_and_rollbacks_at_once_all_count(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    add(node, "third")
    await node.runtime.deploy("default", "thing", b"newer")
    await asyncio.gather(
        node.runtime.roll_back("default", "thing", 1),
        node.runtime.deploy("default", "thing", b"third"),
        node.runtime.roll_back("default", "thing", 2),
    )
    newest = (await node.runtime.history.page("default", "thing", None, 1))[0][0]
    assert node.runtime.kind("default", "thing").digest == newest.digest
    assert node.runtime.kind("default", "thing").number == newest.number


async def test_what_was_deleted_meanwhile_is_not_rolled_back_to(
    world: World, scripted: StartScripted
) -> None:
    node = await scripted({"append": append})
    add(node, "newer")
    await node.runtime.deploy("default", "thing", b"newer")
    again = await world.start(node.engine, node.limits)
    engine = again.engine
    assert isinstance(engine, ScriptedEngine)
    engine.load_stands = again.env.future()
    # It waits for the older component to be loaded.
    rollback = asyncio.ensure_future(again.runtime.roll_back("default", "thing", 1))
    await settle()
    deletion = asyncio.ensure_future(again.runtime.delete_kind("default", "thing", force=True))
    await settle()
    engine.load_stands.set_result(None)
    await deletion
    engine.load_stands = None
    newer = await again.runtime.deploy("default", "thing", b"newer")
    with pytest.raises((KindNotFound, VersionNotFound)):
        await rollback
    assert again.runtime.kind("default", "thing") == newer


async def test_checking_keeps_nothing(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "gone": read}, kinds_max=1)
    add(node, "newer", fresh=read)
    before = node.client.store.pairs()
    checked = await node.runtime.check("default", "thing", b"newer")
    assert (checked.number, checked.changed) == (1, True)
    assert checked.changes.added == ("read", "fresh")
    assert checked.changes.removed == ("gone",)
    assert not (await node.runtime.check("default", "thing", b"thing")).changed
    with pytest.raises(DeployBreaking) as caught:
        await node.runtime.check("default", "thing", b"newer", strict=True)
    assert caught.value.details["removed"] == ["gone"]
    with pytest.raises(KindsFull):
        await node.runtime.check("default", "other", b"newer")
    new = await node.runtime.check("elsewhere", "other", b"newer", strict=True)
    assert (new.number, new.changed) == (0, True)
    assert node.client.store.pairs() == before
    assert node.runtime.kind("default", "thing").number == 1


async def test_a_strict_deploy(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "gone": read, "read": append})
    add(node, "newer")
    before = node.client.store.pairs()
    with pytest.raises(DeployBreaking) as caught:
        await node.runtime.deploy("default", "thing", b"newer", strict=True)
    reasons = ["'gone' is gone", "'read': it could change things, and now is read-only"]
    assert caught.value.details["reasons"] == reasons
    assert node.runtime.kind("default", "thing").number == 1
    assert node.client.store.pairs() == before, "what is refused leaves nothing"
    # As it is told without being strict.
    deployed = await node.runtime.deploy("default", "thing", b"newer")
    assert deployed.changes.breaking == reasons
    add(node, "wider", more=read)
    wider = await node.runtime.deploy("default", "thing", b"wider", strict=True)
    assert (wider.number, wider.changes) == (3, Changes(added=("more",)))


def test_comparing() -> None:
    before = Operation("x", read_only=True, durable=True, argument={}, result={"type": "string"})
    after = Operation("x", argument={"type": "null"}, result={})

    def manifest(*operations: Operation) -> Manifest:
        return Manifest("", {each.name: each for each in operations})

    found = compare(manifest(before, Operation("gone")), manifest(Operation("new"), after))
    assert (found.added, found.removed) == (("new",), ("gone",))
    ((name, reasons),) = found.narrowed
    assert (name, len(reasons)) == ("x", 4)
    assert compare(manifest(before), manifest(before._replace(doc="other"))) == Changes()
    back = compare(manifest(after), manifest(before))
    assert back.narrowed == (Narrowing("x", ("it could change things, and now is read-only",)),)


async def test_the_oldest_versions_go(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, versions_max=3)
    add(node, "newer")
    runtime = node.runtime
    await configure(runtime, "1")  # version 2
    for upload in (b"newer", b"thing", b"newer"):
        await runtime.deploy("default", "thing", upload)
    assert await numbers(runtime) == [5, 4, 3]
    with pytest.raises(VersionNotFound):
        await runtime.roll_back("default", "thing", 2)
    # What was set at version 2 holds for those that stay.
    assert dict((await configured(node)).config) == {"A": "1"}
    await configure(runtime, "2")  # version 6
    for upload in (b"thing", b"newer"):
        await runtime.deploy("default", "thing", upload)
    assert await numbers(runtime) == [8, 7, 6]
    keys = [keyspace.configuration("default", "thing", number) for number in (2, 6)]
    stored = dict(node.client.store.pairs())
    assert [key in stored for key in keys] == [False, True]
    # One can go back as far as there are versions, with what was set for them.
    assert (await runtime.roll_back("default", "thing", 7)).number == 9
    assert dict((await configured(node)).config) == {"A": "2"}


async def test_a_version_that_is_rolled_back_to_may_go_by_that(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, versions_max=2)
    add(node, "newer")
    runtime = node.runtime
    await configure(runtime, "1")
    await runtime.deploy("default", "thing", b"newer")
    assert (await runtime.roll_back("default", "thing", 2)).number == 4
    assert await numbers(runtime) == [4, 3]
    assert dict((await configured(node)).config) == {"A": "1"}
    again = await runtime.history.version("default", "thing", 4)
    assert again.configured_at == 2


async def configure(runtime: Runtime, value: str) -> None:
    change = check_change("config", {"A": value}, DEFAULT_LIMITS)
    await runtime.configure("default", "thing", change)


async def configured(node: TestNode) -> Configuration:
    with reading(node.client) as transaction:
        number = await read_current(transaction, "default", "thing")
        deploy = await read_deploy(transaction, "default", "thing", number)
        return await read_configuration(transaction, deploy)

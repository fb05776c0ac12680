"""Turns: one at a time, in order, whole or not at all."""

from __future__ import annotations

import asyncio

import pytest

from kelpie.errors import ActorFailed, ActorRejected, GuestTrapped, PayloadTooLarge
from kelpie.ids import Payload, binary, text
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, failing, read
from tests.runtime.support import outcome, settle


async def test_turns_of_one_actor_run_one_at_a_time_in_order(scripted: StartScripted) -> None:
    running: list[str] = []
    most = 0

    async def slow(host: Host) -> Payload:
        nonlocal most
        running.append("x")
        most = max(most, len(running))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.pop()
        return append(host)

    node = await scripted({"slow": slow})
    asked = [node.ask("slow", f"{n},") for n in range(20)]
    replies = [await outcome(each) for each in asked]
    assert most == 1
    assert replies == ["".join(f"{m}," for m in range(n + 1)) for n in range(20)]


async def test_turns_of_different_actors_interleave(scripted: StartScripted) -> None:
    gate = Gate()

    async def wait(host: Host) -> Payload:
        await gate.pass_through()
        return text("done")

    node = await scripted({"wait": wait, "append": append})
    stuck = [node.ask("wait", key=f"stuck-{n}") for n in range(5)]
    await settle()
    assert gate.waiting == 5
    assert await node.get("append", "a", key="free") == "a"
    gate.open()
    assert [await outcome(each) for each in stuck] == ["done"] * 5


@pytest.mark.parametrize(
    "error",
    [GuestTrapped("it crashed"), ActorFailed("a bug"), ActorRejected("no", "not today")],
    ids=lambda error: error.code,
)
async def test_a_failed_turn_leaves_nothing_and_its_instance_is_dropped(
    scripted: StartScripted, error: Exception
) -> None:
    async def look(host: Host) -> Payload:
        return text(f"{read(host).data.decode()}/{await host.get(b'key')}")

    node = await scripted({"append": append, "fail": failing(error), "look": look})
    await node.get("append", "a")
    made = node.component.made
    with pytest.raises(type(error)):
        await node.ask("fail")
    assert not node.component.live
    assert await node.get("look") == "a/None"
    assert node.component.made == made + 1
    assert (await node.runtime.actors.show(node.envelope("x").target)).turns == 1


async def test_a_good_turn_keeps_its_instance(scripted: StartScripted) -> None:
    node = await scripted({"append": append})
    for _ in range(5):
        await node.get("append", "a")
    assert node.component.made == 1


async def test_a_turn_may_write_nothing(scripted: StartScripted) -> None:
    node = await scripted({"nothing": lambda host: text("ok"), "append": append})
    assert await node.get("nothing") == "ok"
    view = await node.runtime.actors.show(node.envelope("x").target)
    assert (view.turns, view.epoch) == (0, 0)
    assert await node.get("append", "a") == "a"


async def test_state_is_cleared(scripted: StartScripted) -> None:
    def clear(host: Host) -> Payload:
        host.save(None)
        return text("cleared")

    node = await scripted({"append": append, "clear": clear, "read": read})
    await node.get("append", "a")
    await node.get("clear")
    assert await node.get("read") == ""
    node.runtime.drop_instances()
    assert await node.get("read") == ""


async def test_binary_stays_binary_and_large_values_survive(scripted: StartScripted) -> None:
    def keep(host: Host) -> Payload:
        host.save(host.turn.argument)
        return host.turn.argument

    def state(host: Host) -> Payload:
        assert host.state is not None
        return host.state

    node = await scripted({"keep": keep, "state": state})
    for value in (binary(b"\x00\xff" * 10), text("x" * 300_000), binary(b"y"), text("")):
        assert await node.ask("keep", value) == value
        again = await node.ask("state")
        assert again == value
    again = await (await scripted({"keep": keep, "state": state})).ask("state")
    assert again == text("")


async def test_the_clock_never_goes_back_within_an_activation(scripted: StartScripted) -> None:
    node = await scripted({"now": lambda host: text(str(host.turn.time_ns))})
    first = int(await node.get("now"))
    node.env.wall_ahead_ms = -3_600_000
    second = int(await node.get("now"))
    node.env.wall_ahead_ms = 3_600_000
    third = int(await node.get("now"))
    assert first <= second < third


async def test_the_seed_of_randomness_is_of_actor_principal_and_request(
    scripted: StartScripted,
) -> None:
    seeds: list[bytes] = []

    def seed(host: Host) -> Payload:
        seeds.append(host.turn.entropy_seed)
        raise ActorFailed("so that nothing is recorded")

    node = await scripted({"seed": seed})

    async def drawn(key: str, request: str, principal: str = "anonymous") -> bytes:
        assert await outcome(node.ask("seed", key=key, id=request, principal=principal)) == (
            "actor-failed"
        )
        return seeds[-1]

    first = await drawn("one", "a")
    assert await drawn("one", "a") == first
    others = {
        await drawn("one", "b"),
        await drawn("two", "a"),
        await drawn("one", "a", "somebody-else"),
        # Where one part ends and the next begins matters.
        await drawn("one", "sa", "anonymou"),
    }
    assert first not in others
    assert len(others) == 4


async def test_turn_numbers_count_what_commits(scripted: StartScripted) -> None:
    numbers: list[int] = []

    def note(host: Host) -> Payload:
        numbers.append(host.turn.number)
        return append(host)

    node = await scripted({"note": note, "read": read, "fail": failing(ActorFailed("x"))})
    await node.get("note", "a")
    await node.get("read")
    assert await outcome(node.ask("fail")) == "actor-failed"
    await node.get("note", "b")
    assert numbers == [1, 2]


async def test_arguments_are_checked_before_anything_runs(scripted: StartScripted) -> None:
    node = await scripted({"append": append}, payload_bytes_max=10, binary_bytes_max=5)
    with pytest.raises(PayloadTooLarge):
        await node.ask("append", "x" * 11)
    with pytest.raises(PayloadTooLarge):
        await node.ask("append", binary(b"x" * 6))
    assert await outcome(node.ask("x" * 129)) == "invalid-request"
    assert await outcome(node.ask("append", id="\ud800")) == "invalid-request"
    assert await outcome(node.ask("append", id="x" * 257)) == "invalid-request"
    assert await outcome(node.ask("append", principal="x" * 5000)) == "invalid-request"
    assert await outcome(node.ask("append", kind="other")) == "kind-not-found"
    assert node.component.turns == []

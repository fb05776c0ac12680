"""Instances are a cache: the least recently used make room, none that runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.actor.instances import Instances
from tests.runtime.conftest import StartScripted
from tests.runtime.scripted import Host
from tests.runtime.scripts import Gate, append, read
from tests.runtime.support import TestNode, outcome, settle


def live_keys(node: TestNode) -> set[str]:
    return {str(guest.memory["key"]) for guest in node.component.live}


def remember(host: Host) -> Payload:
    """As append, in an instance that knows whose it is."""
    host.guest.memory["key"] = host.turn.address.key
    return append(host)


async def test_the_least_recently_used_goes_by_count(scripted: StartScripted) -> None:
    node = await scripted({"append": remember}, instances_max=3)
    for key in "abc":
        await node.get("append", "x", key=key)
    await node.get("append", "x", key="a")
    await node.get("append", "x", key="d")
    assert live_keys(node) == {"c", "a", "d"}
    assert len(node.runtime.instances) == 3
    # Whose instance is gone has lost nothing.
    assert await node.get("append", "y", key="b") == "xy"


async def test_the_least_recently_used_goes_by_memory(scripted: StartScripted) -> None:
    node = await scripted({"append": remember}, instances_memory_bytes_max=3 * 65536)
    for key in "abcde":
        await node.get("append", "x", key=key)
    assert live_keys(node) == {"c", "d", "e"}
    assert node.runtime.instances.memory_bytes == 3 * 65536


async def test_memory_that_grew_in_a_turn_counts(scripted: StartScripted) -> None:
    def grow(host: Host) -> Payload:
        host.guest.memory_bytes = 3 * 65536
        return remember(host)

    node = await scripted({"append": remember, "grow": grow}, instances_memory_bytes_max=4 * 65536)
    for key in "abcd":
        await node.get("append", "x", key=key)
    await node.get("grow", "x", key="d")
    assert live_keys(node) == {"c", "d"}
    assert node.runtime.instances.memory_bytes == 4 * 65536


async def test_one_that_runs_is_never_dropped(scripted: StartScripted) -> None:
    gate = Gate()
    node = await scripted({"slow": gate.script(append), "append": append}, instances_max=1)
    running = [node.ask("slow", "a", key=f"running-{n}") for n in range(3)]
    await settle()
    node.runtime.drop_instances()
    for n in range(5):
        assert await node.get("append", "b", key=str(n)) == "b"
    assert len(node.component.live) >= 3
    gate.open()
    assert [await outcome(each) for each in running] == ["a"] * 3
    assert await node.get("append", "c", key="last") == "c"
    assert len(node.component.live) == 1


async def test_all_may_vanish_between_any_two_turns(scripted: StartScripted) -> None:
    node = await scripted({"append": append, "read": read})
    for n in range(5):
        assert await node.get("append", "a") == "a" * (n + 1)
        node.runtime.drop_instances()
        assert not node.component.live
        assert len(node.runtime.instances) == 0
        assert node.runtime.instances.memory_bytes == 0


class Holder:
    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.alive = False
        self.running = False

    def use(self, memory_bytes: int) -> None:
        self.alive = True
        self.instances.used(self, memory_bytes)

    def drop_instance(self) -> bool:
        if not self.alive or self.running:
            return False
        self.alive = False
        self.instances.gone(self)
        return True


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from(["use", "run", "rest", "drop"]), st.integers(0, 50)
        )
    )
)
def test_counts_are_kept(steps: list[tuple[int, str, int]]) -> None:
    instances = Instances(Limits(instances_max=3, instances_memory_bytes_max=100))
    holders = [Holder(instances) for _ in range(6)]
    for who, what, size in steps:
        holder = holders[who]
        match what:
            case "use":
                holder.use(size)
            case "run":
                holder.running = holder.alive
            case "rest":
                holder.running = False
            case "drop":
                holder.drop_instance()
        alive = [each for each in holders if each.alive]
        assert len(instances) == len(alive)
        assert instances.memory_bytes >= 0
        if what == "use":
            spare = [each for each in alive if not each.running and each is not holder]
            over = len(alive) > 3 or instances.memory_bytes > 100
            assert not (over and spare), "room could have been made"
    for each in holders:
        each.running = False
        each.drop_instance()
    assert (len(instances), instances.memory_bytes) == (0, 0)

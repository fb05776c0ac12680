"""The determinism gate: what it lets through, and what it refuses, by name."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable

import pytest

from kelpie.errors import ComponentNotDeterministic, ComponentTooCostly, GuestTrapped
from kelpie.ids import Payload, text
from kelpie.limits import Limits
from kelpie.runtime.kinds.determinism import check_determinism
from kelpie.runtime.kinds.script import Step
from kelpie.wasm.turn import Description
from tests.runtime.scripted import Host, ScriptedComponent
from tests.store.clock import ClockEnv

Script = Callable[[Host], Payload | Awaitable[Payload]]
NOTHING = text("")


async def gate(component: ScriptedComponent, *operations: str, **limits: int) -> None:
    script = tuple(Step(each, NOTHING) for each in operations)
    env = ClockEnv()
    await check_determinism(env, Limits(**limits), component, script, "default", "thing")


def component(**scripts: Script) -> ScriptedComponent:
    return ScriptedComponent("thing", scripts, set())


def counted(host: Host) -> Payload:
    """A sound actor: it counts in its state."""
    before = int(host.state.data) if host.state is not None else 0
    host.save(text(str(before + 1)))
    return text(str(before + 1))


async def test_a_sound_actor_passes_and_leaves_no_instance() -> None:
    sound = component(count=counted)
    await gate(sound, "count", "count", "count")
    assert sound.live == set()
    assert sound.made == 2 + 3, "one for each run, and one for each operation of the last"


async def test_without_a_script_it_only_describes_itself() -> None:
    sound = component(count=counted)
    await gate(sound)
    assert sound.made == 0


async def test_a_reply_that_differs_is_named() -> None:
    answers = itertools.count()
    with pytest.raises(ComponentNotDeterministic, match=r"'chance'.*b'0', then b'1'") as caught:
        await gate(
            component(count=counted, chance=lambda _: text(str(next(answers)))), "count", "chance"
        )
    assert caught.value.details["operation"] == "chance"


async def test_what_is_kept_in_memory_alone_is_found_out() -> None:
    """As a counter in a global variable does."""

    def forgetful(host: Host) -> Payload:
        host.guest.memory["turns"] = int(str(host.guest.memory.get("turns", 0))) + 1
        return text(str(host.guest.memory["turns"]))

    await gate(component(turns=forgetful), "turns")
    with pytest.raises(ComponentNotDeterministic, match=r"fresh instance.*depends on what it kept"):
        await gate(component(turns=forgetful), "turns", "turns")


async def test_a_cache_that_is_not_filled_from_the_state_is_found_out_by_its_effects() -> None:
    """As memory that was never written is: the reply does not show it."""

    def stale(host: Host) -> Payload:
        cache = host.guest.memory.setdefault("cache", [])
        assert isinstance(cache, list)
        cache.append("x")
        host.save(text("".join(cache)))
        return text("done")

    with pytest.raises(ComponentNotDeterministic, match="it stored something else"):
        await gate(component(keep=stale), "keep", "keep")


async def test_the_order_of_a_map_that_differs_by_instance_is_found_out() -> None:
    """As in languages that seed their maps from outside the contract."""
    seeds = random.Random(1)

    def shuffled(host: Host) -> Payload:
        order = host.guest.memory.setdefault("order", seeds.sample(range(100), 100))
        return text(str(order))

    with pytest.raises(ComponentNotDeterministic, match="answered"):
        await gate(component(keys=shuffled), "keys")


async def test_a_failure_is_an_answer_too() -> None:
    def fails(_: Host) -> Payload:
        raise GuestTrapped("at 0x123")

    broken = component(fail=fails, count=counted)
    await gate(broken, "fail", "count", "fail", "count")
    assert broken.live == set()


async def test_a_description_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = itertools.count()

    async def describe(_: ScriptedComponent) -> Description:
        return Description(str(next(texts)), 1)

    monkeypatch.setattr(ScriptedComponent, "describe", describe)
    with pytest.raises(ComponentNotDeterministic, match="described itself twice") as caught:
        await gate(component())
    assert caught.value.details["operation"] == "describe"


async def test_a_script_that_takes_too_long_is_ended() -> None:
    async def waits(_: Host) -> Payload:
        await asyncio.sleep(60)
        return NOTHING

    slow = component(wait=waits)
    with pytest.raises(ComponentTooCostly, match="script_wall_time_ms_max"):
        await gate(slow, "wait", script_wall_time_ms_max=20)
    assert slow.live == set()

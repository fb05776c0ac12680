"""Linear memories: zeros at first, bounded, and nothing of one guest in another's."""

from __future__ import annotations

import ctypes

import pytest

from kelpie.errors import GuestOutOfMemory, GuestTrapped, HostFault, KelpieError
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.wasm.instance import Instance
from kelpie.wasm.memories import LinearMemories, MemoryAccount
from kelpie.wasm.pages import PAGE_BYTES, make_accessible, reserve, unmap
from tests.guests import made
from tests.wasm.support import Workbench, turn

WASM_PAGE = 65_536

# Grows by 100 pages, traps unless they are zero, and fills them. The parameters
# of `invoke` serve as variables.
GROWS = f"""
    (local.set 0 (i32.mul (memory.grow (i32.const 100)) (i32.const {WASM_PAGE})))
    (local.set 1 (i32.mul (memory.size) (i32.const {WASM_PAGE})))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get 0) (local.get 1)))
      (if (i64.ne (i64.const 0) (i64.load (local.get 0))) (then unreachable))
      (i64.store (local.get 0) (i64.const -1))
      (local.set 0 (i32.add (local.get 0) (i32.const 8)))
      (br $next)))
    {made.OK}"""


def reads(address: int) -> str:
    return f"(drop (i32.load8_u (i32.const {address}))) {made.OK}"


async def guest_of(bench: Workbench, invoke: str) -> Instance:
    component = await bench.engine.load(made.component(invoke=invoke))
    guest = await component.instantiate()
    bench.guests.append(guest)
    return guest


async def test_a_new_guest_finds_zeros_where_another_was(workbench: Workbench) -> None:
    for _ in range(3):
        guest = await guest_of(workbench, GROWS)
        assert (await guest.run(turn("run"))).reply == text("ok")
        assert guest.held_bytes == 102 * WASM_PAGE
        guest.close()


async def test_what_another_guest_had_beyond_is_out_of_bounds(workbench: Workbench) -> None:
    async def run_in_a_slot_that_was_larger(invoke: str) -> KelpieError | None:
        component = await workbench.engine.load(made.component(invoke=invoke))
        large = await guest_of(workbench, GROWS)
        assert (await large.run(turn("run"))).error is None
        large.close()
        # The slot that came free last is taken first.
        guest = await component.instantiate()
        outcome = await guest.run(turn("run"))
        guest.close()
        return outcome.error

    last, beyond = 2 * WASM_PAGE - 1, 2 * WASM_PAGE
    assert await run_in_a_slot_that_was_larger(reads(last)) is None
    for address in (beyond, 50 * WASM_PAGE, 2**31 - 1):
        error = await run_in_a_slot_that_was_larger(reads(address))
        assert type(error) is GuestTrapped
        assert "out of bounds" in str(error)


async def test_bounds_follow_growth(workbench: Workbench) -> None:
    last = 3 * WASM_PAGE - 1
    grows = f"(drop (memory.grow (i32.const 1))) {reads(last)}"
    assert (await (await guest_of(workbench, grows)).run(turn("run"))).error is None
    beyond = f"(drop (memory.grow (i32.const 1))) {reads(last + 1)}"
    outcome = await (await guest_of(workbench, beyond)).run(turn("run"))
    assert type(outcome.error) is GuestTrapped


async def test_a_guest_lives_on_after_a_refused_growth(workbench: Workbench) -> None:
    refused = f"""
    (if (i32.ne (i32.const -1) (memory.grow (i32.const 2000))) (then unreachable))
    {made.OK}"""
    guest = await guest_of(workbench, refused)
    for _ in range(2):
        assert (await guest.run(turn("run"))).reply == text("ok")


async def test_a_refused_growth_is_forgotten_by_the_next_turn(workbench: Workbench) -> None:
    """The first turn survives a refusal; the second traps for another reason."""
    turns = f"""
    (if (global.get $second) (then unreachable))
    (global.set $second (i32.const 1))
    (drop (memory.grow (i32.const 2000)))
    {made.OK}"""
    items = "(global $second (mut i32) (i32.const 0))"
    component = await workbench.engine.load(made.component(invoke=turns, items=items))
    guest = await component.instantiate()
    assert (await guest.run(turn("run"))).reply == text("ok")
    assert type((await guest.run(turn("run"))).error) is GuestTrapped


async def test_all_memories_of_a_guest_count_together(workbench: Workbench) -> None:
    items = "(memory $more 600)"
    component = await workbench.engine.load(made.component(items=items, pages=400))
    guest = await component.instantiate()
    assert guest.held_bytes == 1_000 * WASM_PAGE
    guest.close()
    with pytest.raises(Exception, match="memory") as refused:
        await workbench.engine.load(made.component(items=items, pages=500))
    assert "instance_memory_bytes_max" in str(refused.value)


async def test_memory_that_was_never_touched_takes_none(workbench: Workbench) -> None:
    guest = await guest_of(workbench, f"(drop (memory.grow (i32.const 900))) {made.OK}")
    assert (await guest.run(turn("run"))).reply == text("ok")
    assert guest.held_bytes == 902 * WASM_PAGE
    assert 0 < guest.memory_bytes < 2 * WASM_PAGE
    guest.close()
    assert guest.memory_bytes == guest.held_bytes == 0


async def test_a_guest_that_dies_of_a_refused_growth(workbench: Workbench) -> None:
    guest = await guest_of(
        workbench, f"(drop (memory.grow (i32.const 2000))) unreachable {made.OK}"
    )
    outcome = await guest.run(turn("run"))
    assert type(outcome.error) is GuestOutOfMemory


def test_an_account_is_charged_up_to_its_limit() -> None:
    account = MemoryAccount(Limits(instance_memory_bytes_max=100))
    account.charge(60)
    account.charge(40)
    assert (account.bytes, account.refused_bytes) == (100, 0)
    with pytest.raises(MemoryError, match="101 bytes"):
        account.charge(1)
    assert (account.bytes, account.refused_bytes) == (100, 101)


def test_an_account_knows_when_its_memories_have_grown_too_far() -> None:
    limits = Limits(instance_memory_bytes_max=100, instance_growth_percent_max=50)
    account = MemoryAccount(limits)
    account.charge(60)
    assert not account.outgrown(), "what the first turn takes is no growth"
    account.charge(20)
    assert not account.outgrown()
    account.charge(1)
    assert account.outgrown()


async def test_an_instance_that_grows_turn_by_turn_is_given_up_before_it_is_full(
    workbench: Workbench,
) -> None:
    grows = f"""
    (if (i32.eq (i32.const -1) (memory.grow (i32.const 10))) (then unreachable))
    {made.OK}"""
    guest = await guest_of(workbench, grows)
    pages_max = DEFAULT_LIMITS.instance_memory_bytes_max // WASM_PAGE
    half_of_the_room = (pages_max - 12) // 2
    for _ in range(1 + half_of_the_room // 10):
        outcome = await guest.run(turn("run"))
        assert (outcome.reply, outcome.instance_lost) == (text("ok"), False)
    outcome = await guest.run(turn("run"))
    assert (outcome.reply, outcome.instance_lost) == (text("ok"), True)


async def test_an_instance_that_is_large_from_the_start_stays(workbench: Workbench) -> None:
    """So does one that takes much in its first turn, and one that has all it can have."""
    for pages, more in ((900, 0), (2, 900), (1_022, 0), (1_022, 2)):
        grows = f"(drop (memory.grow (i32.const {more}))) {made.OK}"
        component = await workbench.engine.load(made.component(invoke=grows, pages=pages))
        guest = await component.instantiate()
        for _ in range(3):
            assert not (await guest.run(turn("run"))).instance_lost
        guest.close()


def test_closing_gives_spare_address_space_back() -> None:
    memories = LinearMemories()
    memories.close()
    memories.close()
    assert memories.live == 0


def test_address_space_has_an_end() -> None:
    with pytest.raises(HostFault, match=r"vm\.max_map_count"):
        reserve(1 << 60)


def test_pages_are_zero_at_first() -> None:
    address = reserve(4 * PAGE_BYTES)
    make_accessible(address, PAGE_BYTES, 2 * PAGE_BYTES)
    assert ctypes.string_at(address + PAGE_BYTES, PAGE_BYTES) == bytes(PAGE_BYTES)
    unmap(address, 4 * PAGE_BYTES)


async def test_only_memory_that_a_guest_has_touched_counts_as_used(workbench: Workbench) -> None:
    grows = f"(drop (memory.grow (i32.const 100))) {made.OK}"
    guest = await guest_of(workbench, grows)
    await guest.run(turn("run"))
    assert guest.held_bytes >= 100 * WASM_PAGE
    assert guest.memory_bytes < WASM_PAGE

    guest = await guest_of(workbench, GROWS)
    await guest.run(turn("run"))
    assert 100 * WASM_PAGE <= guest.memory_bytes <= guest.held_bytes
    guest.close()
    assert guest.memory_bytes == 0

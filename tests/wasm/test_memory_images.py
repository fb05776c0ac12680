"""Memories that begin with an image: as if it had been copied, and shared until written to."""

from __future__ import annotations

import pytest

from kelpie.errors import GuestTrapped, HostFault
from kelpie.ids import text
from kelpie.limits import MIB
from kelpie.wasm.component import LoadedComponent
from kelpie.wasm.image_taking import IMAGE_BYTES_MIN
from kelpie.wasm.memory_images import MemoryImage
from kelpie.wasm.pages import PAGE_BYTES
from tests.guests import made
from tests.wasm.support import Workbench, turn

WASM_PAGE = 65_536
PAGES = 2 + IMAGE_BYTES_MIN // WASM_PAGE
AT = 2 * WASM_PAGE
DATA = f'(data (i32.const {AT}) "{"x" * IMAGE_BYTES_MIN}")'
# Traps unless all of the data is as it was; and writes to a part of it if asked to: the
# operation's first letter is at the place that the first parameter says.
CHECKS = f"""
    (local.set 2 (i32.load8_u (local.get 0)))
    (local.set 3 (i32.const {AT}))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get 3) (i32.const {AT + IMAGE_BYTES_MIN})))
      (if (i64.ne (i64.load (local.get 3)) (i64.const {0x7878787878787878})) (then unreachable))
      (local.set 3 (i32.add (local.get 3) (i32.const 8)))
      (br $next)))
    (if (i32.eq (local.get 2) (i32.const {ord("w")}))
      (then (memory.fill (i32.const {AT}) (i32.const 0) (i32.const {8 * PAGE_BYTES}))))
    {made.OK}"""


async def checking(bench: Workbench) -> LoadedComponent:
    component = made.component(invoke=CHECKS, items=DATA, pages=PAGES)
    loaded = await bench.engine.load(component)
    assert loaded.code.compiled.image is not None
    return loaded


async def test_each_instance_has_it_as_it_was(workbench: Workbench) -> None:
    component = await checking(workbench)
    for _ in range(3):
        guest = await component.instantiate()
        assert (await guest.run(turn("write"))).reply == text("ok")
        assert type((await guest.run(turn("read"))).error) is GuestTrapped
        guest.close()


async def test_what_one_instance_writes_no_other_sees(workbench: Workbench) -> None:
    component = await checking(workbench)
    writer, reader = await component.instantiate(), await component.instantiate()
    assert (await writer.run(turn("write"))).reply == text("ok")
    assert (await reader.run(turn("read"))).reply == text("ok")
    for guest in (writer, reader):
        guest.close()


async def test_only_pages_that_were_written_to_count(workbench: Workbench) -> None:
    component = await checking(workbench)
    writer, reader = await component.instantiate(), await component.instantiate()
    await writer.run(turn("write"))
    await reader.run(turn("read"))
    assert writer.memory_bytes - reader.memory_bytes == 8 * PAGE_BYTES
    assert reader.memory_bytes < IMAGE_BYTES_MIN
    for guest in (writer, reader):
        guest.close()


async def copied_beforehand(component: LoadedComponent) -> int:
    """Bytes of which one has a copy that is made after the first turn, which wrote."""
    writer, early = await component.instantiate(), await component.instantiate()
    assert (await writer.run(turn("write"))).reply == text("ok")
    late = await component.instantiate()
    for reader in (early, late):
        assert (await reader.run(turn("read"))).reply == text("ok")
    copied = late.memory_bytes - early.memory_bytes
    for guest in (writer, early, late):
        guest.close()
    return copied


async def test_later_ones_begin_with_copies_of_what_the_first_turn_wrote_to(
    workbench: Workbench,
) -> None:
    assert await copied_beforehand(await checking(workbench)) == 8 * PAGE_BYTES


async def test_of_what_wrote_much_nothing_is_copied_beforehand(workbench: Workbench) -> None:
    much = 2 * MIB
    data = f'(data (i32.const {AT}) "{"x" * much}")'
    checks = CHECKS.replace(f"(i32.const {8 * PAGE_BYTES})", f"(i32.const {much})")
    pages = 2 + much // WASM_PAGE
    component = made.component(invoke=checks, items=data, pages=pages)
    assert await copied_beforehand(await workbench.engine.load(component)) == 0


async def test_a_slot_that_had_an_image_is_zeros_for_the_next(workbench: Workbench) -> None:
    guest = await (await checking(workbench)).instantiate()
    await guest.run(turn("write"))
    guest.close()
    # A larger memory, without data to speak of, that traps unless it is zeros from there on.
    zeros = f"""
    (local.set 3 (i32.const {AT}))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get 3) (i32.const {(PAGES + 1) * WASM_PAGE})))
      (if (i64.ne (i64.load (local.get 3)) (i64.const 0)) (then unreachable))
      (local.set 3 (i32.add (local.get 3) (i32.const 8)))
      (br $next)))
    {made.OK}"""
    other = await workbench.engine.load(made.component(invoke=zeros, pages=PAGES + 1))
    guest = await other.instantiate()
    assert (await guest.run(turn("run"))).reply == text("ok")
    guest.close()


async def test_a_memory_with_an_image_has_bounds_and_grows(workbench: Workbench) -> None:
    end = PAGES * WASM_PAGE
    reads = f"(drop (i32.load8_u (i32.const {end}))) {made.OK}"
    grows = f"(drop (memory.grow (i32.const 1))) {reads}"
    for invoke, wrong in ((reads, True), (grows, False)):
        component = made.component(invoke=invoke, items=DATA, pages=PAGES)
        guest = await (await workbench.engine.load(component)).instantiate()
        assert ((await guest.run(turn("run"))).error is not None) is wrong
        guest.close()


async def test_fuel_does_not_tell_whether_there_is_an_image(workbench: Workbench) -> None:
    far = f'(data (i32.const {4 * PAGES * WASM_PAGE}) "far")'
    fuel = []
    for more in ("", far):
        wasm = made.component(invoke=CHECKS, items=DATA + more, pages=5 * PAGES)
        component = await workbench.engine.load(wasm)
        assert (component.code.compiled.image is None) is bool(more)
        guest = await component.instantiate()
        fuel.append((await guest.run(turn("read"))).fuel)
        guest.close()
    assert fuel[0] == fuel[1] > IMAGE_BYTES_MIN // 8


def test_a_system_without_room_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_name: str) -> int:
        raise OSError("none left")

    monkeypatch.setattr("os.memfd_create", none_left)
    with pytest.raises(HostFault, match="none left"):
        MemoryImage(PAGE_BYTES, 0, memoryview(b"x" * PAGE_BYTES))

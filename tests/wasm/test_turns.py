"""What a turn gives a guest, and what comes of it."""

from __future__ import annotations

import uuid

import pytest

from kelpie.ids import Address, binary, text
from kelpie.wasm.turn import Caller, HostCall
from tests.guests import made
from tests.wasm.support import COUNTER, TIME_NS, StoredValues, Workbench, reply_json, turn


async def test_a_counter_counts(workbench: Workbench) -> None:
    guest = await workbench.guest(COUNTER)
    first = await guest.run(turn("increment"))
    assert reply_json(first) == {"value": 1}
    second = await guest.run(turn("add", 41, state=first.effects.state))
    assert reply_json(second) == {"value": 42}
    assert second.effects.state_written
    assert not second.instance_lost


async def test_a_guest_that_changes_nothing_has_no_effects(workbench: Workbench) -> None:
    outcome = await workbench.run("load", state=text("kept"))
    assert outcome.reply == text("kept")
    assert not outcome.effects


@pytest.mark.parametrize("size", [0, 1, 100, 65_535, 65_536, 65_537, 1_000_000])
async def test_text_of_any_size_comes_back(workbench: Workbench, size: int) -> None:
    content = text("é" * (size // 2) + "x" * (size % 2))
    outcome = await workbench.run("echo", content)
    assert outcome.reply == content


@pytest.mark.parametrize("content", [b"", b"\x00", bytes(range(256)), b"\xff" * 70_000])
async def test_binary_comes_back(workbench: Workbench, content: bytes) -> None:
    guest = await workbench.guest()
    assert (await guest.run(turn("echo", binary(content)))).reply == binary(content)
    # A text after it, so that nothing of the binary argument stays in place.
    assert (await guest.run(turn("echo", "text"))).reply == text("text")


@pytest.mark.parametrize(
    "value", [text("a state"), binary(b"\x00\xff"), text(""), text("x" * 90_000)]
)
async def test_state_goes_in_and_out(workbench: Workbench, value: object) -> None:
    saved = await workbench.run("save", value)
    assert saved.effects.state == value
    loaded = await workbench.run("load", state=value)
    assert loaded.reply == value


async def test_clearing_the_state_is_an_effect(workbench: Workbench) -> None:
    outcome = await workbench.run("clear", state=text("old"))
    assert outcome.effects.state_written
    assert outcome.effects.state is None


async def test_a_guest_sees_who_and_where_it_is(workbench: Workbench) -> None:
    address = Address("default", "rogue", "a key/with\x00 anything 🦦")
    outcome = await workbench.run("whoami", address=address, number=9, request_id="r-9")
    seen = reply_json(outcome)
    assert seen["address"] == address._asdict()
    assert (seen["turn"], seen["request_id"]) == (9, "r-9")
    assert seen["caller"] == {"client": "anonymous"}
    assert seen["now"] == seen["now_again"] == TIME_NS
    assert uuid.UUID(seen["uuid"]).version == 4


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (Caller("client", "alice"), {"client": "alice"}),
        (Caller("reminder", "daily"), {"reminder": "daily"}),
        (
            Caller("actor", "", Address("n", "k", "other")),
            {"actor": {"namespace": "n", "kind": "k", "key": "other"}},
        ),
    ],
)
async def test_a_guest_sees_its_caller(workbench: Workbench, caller: Caller, seen: object) -> None:
    assert reply_json(await workbench.run("whoami", caller=caller))["caller"] == seen


async def test_the_same_turn_gives_the_same_outcome(workbench: Workbench) -> None:
    first, second = [await workbench.run("whoami") for _ in range(2)]
    assert first == second
    assert first.fuel > 0


async def test_another_seed_gives_other_randomness(workbench: Workbench) -> None:
    outcomes = [await workbench.run("whoami", entropy_seed=seed) for seed in (b"one", b"two")]
    first, second = map(reply_json, outcomes)
    assert all(first[drawn] != second[drawn] for drawn in ("u64", "uuid", "bytes"))


async def test_kv_writes_are_collected_and_read_back(workbench: Workbench) -> None:
    outcome = await workbench.run("kv_set", {"key": "a", "value": "v"})
    assert outcome.effects.kv == {b"a": text("v")}
    outcome = await workbench.run("kv_delete", {"key": "a"})
    assert outcome.effects.kv == {b"a": None}


KV = """
  (import "kelpie:actor/kv@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "kelpie:actor/kv@0.1.0" "delete" (func $delete (param i32 i32)))
  (import "kelpie:actor/kv@0.1.0" "get" (func $get (param i32 i32 i32)))"""
KEY = f"(i32.const {made.REPLY}) (i32.const 2)"  # `ok`
SET = f"(call $set {KEY} (i32.const 0) {KEY})"
GET = f"(call $get {KEY} (i32.const 512))"


@pytest.mark.parametrize(
    ("write", "found"), [(SET, 1), (f"(call $delete {KEY})", 0), (f"{SET} (call $delete {KEY})", 0)]
)
async def test_a_turn_reads_its_own_writes(workbench: Workbench, write: str, found: int) -> None:
    differs = f"(i32.ne (i32.load8_u (i32.const 512)) (i32.const {found}))"
    invoke = f"{write} {GET} (if {differs} (then unreachable)) {made.OK}"
    component = await workbench.engine.load(made.component(invoke=invoke, imports=KV))
    guest = await component.instantiate()
    answers = StoredValues({b"ok": text("stored")})
    outcome = await guest.run(turn("run", answers=answers))
    assert outcome.reply == text("ok")
    assert answers.asked == []
    assert outcome.journal[-1] == HostCall("kv.get", (b"ok",), text("ok") if found else None)
    guest.close()


async def test_kv_reads_ask_whoever_answers(workbench: Workbench) -> None:
    answers = StoredValues({b"a": text("stored"), b"b": binary(b"\xff")})
    outcome = await workbench.run("kv_get", {"key": "a"}, answers=answers)
    assert outcome.reply == text("stored")
    outcome = await workbench.run("kv_get", {"key": "b"}, answers=answers)
    assert outcome.reply == binary(b"\xff")
    assert answers.asked == [("get", b"a"), ("get", b"b")]


async def test_a_listing_is_asked_with_its_bounds(workbench: Workbench) -> None:
    answers = StoredValues({f"k{index}".encode(): text(f"{index}") for index in range(5)})
    asked = {"prefix": "k", "after": "k4", "limit": 2, "reverse": True}
    outcome = await workbench.run("kv_list", asked, answers=answers)
    seen = reply_json(outcome)
    assert [entry["key"] for entry in seen["entries"]] == ["k3", "k2"]
    assert seen["more"] is True
    assert answers.asked == [("list", b"k", b"k4", 2, True, {})]


async def test_a_listing_never_asks_for_more_than_a_page(workbench: Workbench) -> None:
    answers = StoredValues()
    await workbench.run("kv_list", {"limit": 4_000_000_000}, answers=answers)
    assert answers.asked == [("list", b"", None, 1_000, False, {})]


async def test_every_host_call_is_in_the_journal(workbench: Workbench) -> None:
    outcome = await workbench.run("kv_get", {"key": "a"}, answers=StoredValues({b"a": text("v")}))
    assert outcome.journal == [HostCall("kv.get", (b"a",), text("v"))]
    outcome = await workbench.run("save", "new")
    assert outcome.journal == [HostCall("state.save", (text("new"),), None)]
    outcome = await workbench.run("whoami")
    assert [call.name for call in outcome.journal] == [
        "identity.self-address",
        "identity.get-caller",
        "identity.turn",
        "identity.request-id",
        "clock.now",
        "clock.now",
        "entropy.get-u64",
        "entropy.get-uuid",
        "entropy.get-bytes",
    ]


async def test_log_lines_come_out_with_their_level(workbench: Workbench) -> None:
    outcome = await workbench.run("log", {"level": "warn", "message": "héllo", "lines": 2})
    assert outcome.log == [("warn", "héllo")] * 2


async def test_log_lines_of_a_failed_turn_are_kept(workbench: Workbench) -> None:
    outcome = await workbench.run("log", {"lines": 2_000})
    assert outcome.error is not None
    assert len(outcome.log) == 1_000


async def test_memory_of_a_guest_lasts_between_its_turns(workbench: Workbench) -> None:
    guest = await workbench.guest()
    seen = [reply_json(await guest.run(turn("volatile")))["turns"] for _ in range(3)]
    assert seen == [1, 2, 3]
    assert reply_json(await workbench.run("volatile"))["turns"] == 1


async def test_memory_is_counted(workbench: Workbench) -> None:
    guest = await workbench.guest()
    before = guest.held_bytes
    await guest.run(turn("hold", {"megabytes": 3}))
    assert guest.held_bytes >= before + 3 * 2**20


async def test_closing_twice_is_fine(workbench: Workbench) -> None:
    guest = await workbench.guest()
    guest.close()
    guest.close()
    assert guest.held_bytes == 0

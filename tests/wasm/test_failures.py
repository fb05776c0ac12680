"""Guests that end badly: the right error, nothing kept, and the memory comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kelpie.env.real import RealEnv
from kelpie.errors import (
    ActorFailed,
    ActorOutcomeUnknown,
    ActorRejected,
    ActorUnavailable,
    GuestBrokeContract,
    GuestLimitExceeded,
    GuestOutOfFuel,
    GuestOutOfMemory,
    GuestStackExhausted,
    GuestTrapped,
    HostFault,
    KelpieError,
    ReadOnlyViolation,
    StoreReadFailed,
)
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.collector import Collector
from kelpie.wasm.engine import WasmEngine
from tests.guests import made
from tests.wasm.support import StoredValues, Workbench, turn

TRAPS = {
    "unreachable": "unreachable",
    "panic": "unreachable",
    "divide": "divide by zero",
    "memory": "out of bounds memory access",
    "table": "out of bounds table access",
}


async def run_lost(
    workbench: Workbench, operation: str, argument: Any = "", **changes: Any
) -> KelpieError:
    """The error of a turn that lost its instance."""
    guest = await workbench.guest()
    outcome = await guest.run(turn(operation, argument, **changes))
    assert outcome.error is not None
    assert outcome.reply is None
    assert outcome.instance_lost
    assert not outcome.effects
    assert guest.held_bytes == 0, "its memory did not come back"
    return outcome.error


@pytest.mark.parametrize("how", TRAPS)
async def test_a_trap_is_told_with_its_backtrace(workbench: Workbench, how: str) -> None:
    error = await run_lost(workbench, "trap", {"how": how})
    assert type(error) is GuestTrapped
    assert TRAPS[how] in str(error)
    assert "wasm backtrace" in str(error.details["backtrace"])


async def test_a_guest_that_spins_runs_out_of_fuel(workbench: Workbench) -> None:
    guest = await workbench.guest()
    outcome = await guest.run(turn("spin"))
    assert type(outcome.error) is GuestOutOfFuel
    assert outcome.fuel == 2_000_000_000


async def test_a_guest_that_recurses_runs_out_of_stack(workbench: Workbench) -> None:
    assert type(await run_lost(workbench, "recurse")) is GuestStackExhausted


async def test_a_guest_that_allocates_runs_out_of_memory(workbench: Workbench) -> None:
    error = await run_lost(workbench, "allocate")
    assert type(error) is GuestOutOfMemory
    assert error.details["limit"] == "instance_memory_bytes_max"


async def test_a_trap_after_a_growth_that_went_well_is_a_trap(workbench: Workbench) -> None:
    guest = await workbench.guest()
    assert (await guest.run(turn("hold", {"megabytes": 30}))).error is None
    outcome = await guest.run(turn("trap", {"how": "unreachable"}))
    assert type(outcome.error) is GuestTrapped


@pytest.mark.parametrize(
    ("operation", "argument", "limit"),
    [
        ("host_calls", {"calls": 1_000_000}, "turn_host_calls_max"),
        ("host_calls", {"calls": 1_000_000, "which": "kv"}, "turn_host_calls_max"),
        ("write", {"pieces": 10, "bytes": 1_000_000}, "turn_write_bytes_max"),
        ("write", {"pieces": 20_000, "bytes": 1}, "turn_writes_max"),
        ("write", {"pieces": 1, "bytes": 1_048_577}, "kv_value_bytes_max"),
        ("write", {"to": "state", "bytes": 4_194_305}, "state_bytes_max"),
        ("write", {"to": "state", "bytes": 1_000_000, "pieces": 100}, "turn_host_call_bytes_max"),
        ("kv_get", {"key_bytes": 1_025}, "kv_key_bytes_max"),
        ("kv_set", {"key_bytes": 1_025, "value": ""}, "kv_key_bytes_max"),
        ("kv_delete", {"key_bytes": 1_025}, "kv_key_bytes_max"),
        ("kv_list", {"prefix": "p" * 1_025}, "kv_key_bytes_max"),
        ("entropy", {"bytes": 65_537}, "entropy_bytes_max"),
        ("log", {"bytes": 16_385}, "log_message_bytes_max"),
        ("log", {"lines": 1_001}, "log_lines_max"),
        ("log", {"lines": 20, "bytes": 16_000}, "log_bytes_max"),
        ("reply", {"bytes": 4_194_305}, "payload_bytes_max"),
        ("reply", {"bytes": 2_097_153, "as": "bytes"}, "binary_bytes_max"),
        ("reply", {"bytes": 4_194_304, "as": "bytes"}, "binary_bytes_max"),
        ("write", {"to": "state", "bytes": 2_097_153, "as": "bytes"}, "binary_bytes_max"),
    ],
)
async def test_over_a_limit_the_limit_is_named(
    workbench: Workbench, operation: str, argument: object, limit: str
) -> None:
    error = await run_lost(workbench, operation, argument)
    assert type(error) is GuestLimitExceeded
    assert error.details["limit"] == limit
    assert limit in str(error)


@pytest.mark.parametrize(
    ("operation", "argument"),
    [
        ("kv_set", {"key_bytes": 1_024, "value": "v"}),
        ("kv_get", {"key": "k"}),
        ("write", {"pieces": 1, "bytes": 1_048_576}),
        ("write", {"to": "state", "bytes": 4_194_304}),
        ("write", {"to": "state", "bytes": 1_000_000, "pieces": 20}),
        ("write", {"pieces": 10_000, "bytes": 1}),
        ("entropy", {"bytes": 65_536}),
        ("log", {"bytes": 16_384}),
        ("log", {"lines": 1_000}),
        ("reply", {"bytes": 4_194_304}),
        ("reply", {"bytes": 2_097_152, "as": "bytes"}),
    ],
)
async def test_at_a_limit_all_is_well(
    workbench: Workbench, operation: str, argument: object
) -> None:
    answers = StoredValues({b"k": text("v")})
    outcome = await workbench.run(operation, argument, answers=answers)
    assert outcome.error is None


def test_a_key_that_is_written_again_counts_once() -> None:
    key, value = b"k" * 10, text("v" * 1_000_000)
    collector = Collector(turn("write"), DEFAULT_LIMITS)
    for _ in range(100):
        collector.write_key(key, value)
    collector.write_key(key, None)
    assert collector.write_bytes == len(key)
    collector.write_state(value)
    collector.write_state(text("v"))
    assert collector.write_bytes == len(key) + 1


def test_the_reply_counts_as_written() -> None:
    limits = replace(DEFAULT_LIMITS, turn_write_bytes_max=1_000)
    collector = Collector(turn("write"), limits)
    collector.write_state(text("v" * 500))
    collector.check_reply(text("r" * 500))
    with pytest.raises(GuestLimitExceeded, match="turn_write_bytes_max"):
        collector.check_reply(text("r"))


async def test_a_reply_beside_writes_over_the_limit(env: RealEnv, cache_directory: Path) -> None:
    limits = replace(DEFAULT_LIMITS, turn_write_bytes_max=3)
    bench = Workbench(WasmEngine(env, limits, cache_directory, epochs=False))
    outcome = await bench.run("save", "v")  # it replies `null`
    assert type(outcome.error) is GuestLimitExceeded
    bench.close()


@pytest.mark.parametrize("operation", ["kv_get", "kv_set", "kv_delete"])
async def test_an_empty_key_breaks_the_contract(workbench: Workbench, operation: str) -> None:
    error = await run_lost(workbench, operation, {"key": "", "value": "v"})
    assert type(error) is GuestBrokeContract


@pytest.mark.parametrize(
    "how", ["save", "clear", "set", "delete", "send", "call", "request", "remind", "cancel"]
)
async def test_a_read_only_turn_changes_nothing(workbench: Workbench, how: str) -> None:
    error = await run_lost(workbench, "read_only_write", {"how": how}, read_only=True)
    assert type(error) is ReadOnlyViolation


async def test_a_read_only_turn_may_read(workbench: Workbench) -> None:
    outcome = await workbench.run("load", state=text("s"), read_only=True)
    assert outcome.reply == text("s")
    answers = StoredValues({b"k": text("v")})
    outcome = await workbench.run("kv_get", {"key": "k"}, answers=answers, read_only=True)
    assert outcome.reply == text("v")


async def test_a_rejection_has_its_code_and_message(workbench: Workbench) -> None:
    error = await run_lost(workbench, "fail", {"kind": "rejected", "code": "no_1-x"})
    assert type(error) is ActorRejected
    assert (error.rejection_code, error.message) == ("no_1-x", "on purpose")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("failed", ActorFailed),
        ("unavailable", ActorUnavailable),
        ("unknown", ActorOutcomeUnknown),
    ],
)
async def test_failures_keep_their_kind(
    workbench: Workbench, kind: str, expected: type[KelpieError]
) -> None:
    error = await run_lost(workbench, "fail", {"kind": kind, "message": "because ö"})
    assert type(error) is expected
    assert error.message == "because ö"


@pytest.mark.parametrize(
    "argument",
    [
        {"kind": "rejected", "code": ""},
        {"kind": "rejected", "code": "Upper"},
        {"kind": "rejected", "code": "x" * 65},
        {"kind": "rejected", "code": "a\n"},
        {"kind": "rejected", "message": "m" * 4_097},
        {"kind": "failed", "message": "m" * 4_097},
    ],
)
async def test_failures_that_break_the_contract(workbench: Workbench, argument: object) -> None:
    assert type(await run_lost(workbench, "fail", argument)) is GuestBrokeContract


@pytest.mark.parametrize("how", ["reject", "fail", "trap", "spin"])
async def test_nothing_of_a_failed_turn_is_kept(workbench: Workbench, how: str) -> None:
    await run_lost(workbench, "save_then", {"how": how, "value": "v"})
    outcome = await workbench.run("save_then", {"how": "succeed", "value": "v"})
    assert outcome.effects.state == text("v")


async def test_a_lost_guest_runs_no_further_turn(workbench: Workbench) -> None:
    guest = await workbench.guest()
    await guest.run(turn("trap", {"how": "panic"}))
    with pytest.raises(HostFault, match="closed"):
        await guest.run(turn("echo"))


class Broken(BaseException):
    pass


@pytest.mark.parametrize("raised", [RuntimeError("a bug"), Broken("worse"), SystemExit(3)])
async def test_whatever_a_host_call_raises_ends_that_guest_only(
    workbench: Workbench, raised: BaseException
) -> None:
    class Answers(StoredValues):
        def kv_get(self, key: bytes) -> None:
            raise raised

    bystander = await workbench.guest()
    error = await run_lost(workbench, "kv_get", {"key": "k"}, answers=Answers())
    assert type(error) is HostFault
    assert error.__cause__ is raised
    assert (await bystander.run(turn("echo", "still here"))).reply == text("still here")


async def test_an_error_of_the_store_is_the_error_of_the_turn(workbench: Workbench) -> None:
    failure = StoreReadFailed("the disk is gone")

    class Answers(StoredValues):
        def kv_get(self, key: bytes) -> None:
            raise failure

    assert await run_lost(workbench, "kv_get", {"key": "k"}, answers=Answers()) is failure


@pytest.mark.parametrize(
    "guest", [made.reply_outside_memory, made.reply_not_utf8, made.reply_of_no_kind]
)
async def test_a_reply_that_is_none_is_an_error(workbench: Workbench, guest: Any) -> None:
    component = await workbench.engine.load(guest())
    outcome = await (await component.instantiate()).run(turn("run"))
    assert type(outcome.error) is GuestTrapped


async def test_a_table_that_grows_stops_at_its_limit(workbench: Workbench) -> None:
    component = await workbench.engine.load(made.table_hog())
    guest = await component.instantiate()
    assert (await guest.run(turn("run"))).reply == text("ok")
    guest.close()


async def test_a_guest_cannot_be_closed_by_its_own_host_call(workbench: Workbench) -> None:
    guest = await workbench.guest()

    class Answers(StoredValues):
        def kv_get(self, key: bytes) -> None:
            guest.close()

    outcome = await guest.run(turn("kv_get", {"key": "k"}, answers=Answers()))
    assert type(outcome.error) is HostFault
    assert isinstance(outcome.error.__cause__, AssertionError)
    assert guest.held_bytes == 0


async def test_a_host_call_may_close_another_guest(workbench: Workbench) -> None:
    other = await workbench.guest()

    class Answers(StoredValues):
        def kv_get(self, key: bytes) -> None:
            other.close()

    outcome = await workbench.run("kv_get", {"key": "k"}, answers=Answers())
    assert type(outcome.error) is ActorRejected
    assert other.held_bytes == 0

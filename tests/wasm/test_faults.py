"""What a trap is told as."""

from __future__ import annotations

import pytest

from kelpie.errors import ActorFailed, GuestOutOfMemory, GuestStackExhausted, GuestTrapped
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.faults import fault_of_trap, told_in_log
from kelpie.wasm.memories import MemoryAccount
from kelpie.wasm.turn import LogLine

_HEAD = "error while executing at wasm backtrace:\n"
_REASON = "\n\nCaused by:\n    wasm trap: wasm `unreachable` instruction executed\n"


@pytest.mark.parametrize(
    ("frames", "is_kept"),
    [
        ("    0:  0x1d - <unknown>!<wasm function 529>\n    1: <unknown>!<wasm function 1>", False),
        ("    0:  0x1d - <unknown>!<wasm function 529>\n    1:   0x2 - counter.wasm!add", True),
    ],
)
def test_a_panic_has_a_backtrace_if_it_has_names(frames: str, is_kept: bool) -> None:
    trap = GuestTrapped("the actor crashed", backtrace=f"{_HEAD}{frames}{_REASON}")
    log = [LogLine("error", "panicked at src/lib.rs:7: no")]
    told = told_in_log(trap, log, DEFAULT_LIMITS)
    assert type(told) is ActorFailed
    assert told.message == "panicked at src/lib.rs:7: no"
    assert ("backtrace" in told.details) is is_kept


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("std[e1728c30bce8618e]::process::exit", ", in std::process::exit"),
        ("f::<a[e1728c30bce8618e]::B, !>", ", in f::<a::B, !>"),
        ("n" * 200, f", in {'n' * 120}..."),
        ("<wasm function 24>", "; so ends a program that aborts or exits, and where is not known"),
    ],
)
def test_a_trap_is_told_with_the_function_if_it_has_a_name(function: str, told: str) -> None:
    frames = (
        "    0: <unknown>!<wasm function 7>\n"
        f"    1:   0x2 - <unknown>!{function}\n    2:   0x3 - m.wasm!outer"
    )
    if "wasm function" in function:
        frames = frames.rpartition("\n")[0]
    account = MemoryAccount(DEFAULT_LIMITS)
    found = fault_of_trap(f"{_HEAD}{frames}{_REASON}", account, DEFAULT_LIMITS)
    assert type(found) is GuestTrapped
    expected = f"the actor crashed: wasm trap: wasm `unreachable` instruction executed{told}"
    assert found.message.startswith(expected)


_TRACE = [
    "",
    "goroutine 7 [running]:",
    "main.(*Lab).Do.func2()",
    "\texample.com/lab/actor.go:71 +0x2",
    "created by main.(*Lab).Do in goroutine 1",
    "\texample.com/lab/actor.go:70 +0x1fe",
]
_WAITING = [
    "",
    "goroutine 1 [chan receive]:",
    "sync.f()",
    "\tsync/mutex.go:46",
    "main.f()",
    "\tlab/a.go:71 +0x2",
]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["panic: no", *_TRACE], "panicked at actor.go:71: no"),
        (["warm", "panic: a", "panic: b", *_TRACE], "panicked at actor.go:71: b"),
        (["fatal error: all asleep", *_WAITING], "panicked at a.go:71: fatal error: all asleep"),
        (["fatal error: no goroutines"], "fatal error: no goroutines"),
        (["panic: is what one says", "and goes on"], None),
        (["nothing"], None),
    ],
)
def test_what_ends_a_program_of_go_is_told_with_its_place(
    lines: list[str], told: str | None
) -> None:
    trap = GuestTrapped("the actor crashed", backtrace=f"{_HEAD}{_REASON}")
    found = told_in_log(trap, [LogLine("warn", line) for line in lines], DEFAULT_LIMITS)
    assert (found is trap) if told is None else (found.message == told)


def test_a_program_that_ended_itself_is_told_so() -> None:
    trap = GuestTrapped("the actor crashed", backtrace=f"{_HEAD}{_REASON}")
    log = [LogLine("error", "the program ended itself, with exit code 3")]
    told = told_in_log(trap, log, DEFAULT_LIMITS)
    assert type(told) is GuestTrapped
    assert told.message == "the actor crashed: the program ended itself, with exit code 3"


def test_a_stack_that_ran_out_when_memory_was_refused_is_told_as_memory() -> None:
    account = MemoryAccount(DEFAULT_LIMITS)
    exhausted = f"{_HEAD}\n\nCaused by:\n    wasm trap: call stack exhausted\n"
    assert type(fault_of_trap(exhausted, account, DEFAULT_LIMITS)) is GuestStackExhausted
    account.refused_bytes = DEFAULT_LIMITS.instance_memory_bytes_max + 1
    assert type(fault_of_trap(exhausted, account, DEFAULT_LIMITS)) is GuestOutOfMemory

"""What a guest's end means: errors of the engine, told apart."""

from __future__ import annotations

import re

from kelpie.errors import (
    ActorError,
    ActorFailed,
    ActorOutcomeUnknown,
    ActorRejected,
    ActorUnavailable,
    GuestBrokeContract,
    GuestLimitExceeded,
    GuestOutOfFuel,
    GuestOutOfMemory,
    GuestStackExhausted,
    GuestTimedOut,
    GuestTrapped,
    HostFault,
    KelpieError,
)
from kelpie.limits import Limits
from kelpie.wasm.kind_configuration import Configuration
from kelpie.wasm.memories import MemoryAccount
from kelpie.wasm.native_values import decode
from kelpie.wasm.turn import LogLine

__all__ = [
    "failure_of",
    "failure_of_guest",
    "fault_of_host_call",
    "fault_of_trap",
    "told_in_log",
    "timed_out",
]

_CODE = re.compile(r"[a-z0-9_-]+")
# Backtraces name functions as the guest likes; the reason comes behind them.
_REASON = re.compile(r"Caused by:\n(?P<reason>.*)\Z", re.DOTALL)
# `3: 0x1f - module.wasm!function`; without names it is `<unknown>!<wasm function 7>`.
_NAMED_FRAME = re.compile(r"^ *\d+: .*!(?!<wasm function \d+>$)", re.MULTILINE)
# The same frame, and the name; what Rust puts behind the names of crates tells nothing.
_FUNCTION = re.compile(r"^ *\d+: [^!\n]*!(?!<wasm function \d+>$)(?P<name>.+)$", re.MULTILINE)
_HASH = re.compile(r"\[[0-9a-f]{16}\]")
_NAME_CHARACTERS_MAX = 120
_ORDINAL = re.compile(r"\A\s*(\d+: )?")
# So begins the last line of a guest that panics where nothing can be caught any more.
_PANIC = "panicked at "
# So a runtime does, which has a trace behind it, or nothing: Go's, of a panic in a
# goroutine that the author began, and of a program in which nothing can go on.
_LAST_WORDS = ("panic: ", "fatal error: ")
_TRACE = re.compile(r"goroutine \d+ .*\[.*\]:")
# Of such a trace, what is the author's own: a function, and its place in the next line.
_OWN_PLACE = re.compile(r"\n(?:created by )?main\..*\n\t(?:.*/)?(?P<place>[^/]+\.go:\d+) ")
_EXITED = "the program ended itself"
_OVER_STORE_LIMIT = ("exceeds memory limits", "exceeds table limits", "resource limit exceeded")


def fault_of_host_call(cause: BaseException) -> KelpieError:
    """The error of a guest that trapped because a host call raised `cause`."""
    if isinstance(cause, KelpieError):
        # Its traceback leads back to the frame that will hold the error, and so
        # to the whole turn: such a ring lives until the collector comes by.
        return cause.with_traceback(None)
    fault = HostFault(f"a host call failed unexpectedly: {cause!r}")
    fault.__cause__ = cause
    return fault


def timed_out(limits: Limits) -> GuestTimedOut:
    """The error of a guest whose turn was ended by the clock."""
    return GuestTimedOut(
        f"the turn took longer than {limits.turn_wall_time_ms_max} ms (turn_wall_time_ms_max)",
        limit="turn_wall_time_ms_max",
    )


def fault_of_trap(message: str, account: MemoryAccount, limits: Limits) -> ActorError:
    """The error of a guest that ended with the engine's `message`."""
    found = _REASON.search(message)
    reason = found["reason"] if found else message
    if "all fuel consumed" in reason:
        return GuestOutOfFuel(
            f"the turn used up its fuel of {limits.turn_fuel_max:,} (turn_fuel_max)",
            limit="turn_fuel_max",
            backtrace=message,
        )
    if "call stack exhausted" in reason and not account.refused_bytes:
        return GuestStackExhausted(
            f"the actor used up its stack of {limits.instance_stack_bytes_max:,} bytes "
            "(instance_stack_bytes_max)",
            limit="instance_stack_bytes_max",
            backtrace=message,
        )
    if "fuel allocated for hostcalls" in reason:
        # The engine's own bound on what one call copies: 128 MiB, about 48 for
        # each byte of a `list<u8>`.
        return GuestLimitExceeded(
            "the actor passed more binary data in one call than the engine copies; at most "
            f"{limits.binary_bytes_max} bytes are allowed (binary_bytes_max)",
            limit="binary_bytes_max",
            backtrace=message,
        )
    if account.refused_bytes:
        return GuestOutOfMemory(
            f"the actor wanted {account.refused_bytes:,} bytes of memory, may have "
            f"{account.bytes_max:,} (instance_memory_bytes_max), and did not survive the refusal",
            limit="instance_memory_bytes_max",
            backtrace=message,
        )
    if any(sign in reason for sign in _OVER_STORE_LIMIT):
        return GuestOutOfMemory(f"the actor cannot start: {reason.strip()}")
    *_, summary = reason.strip().splitlines() or ["no reason given"]
    # Of several causes, which are numbered, the last is the first.
    summary = _ORDINAL.sub("", summary)
    place = _place(message[: found.start()] if found else message, reason)
    return GuestTrapped(f"the actor crashed: {summary}{place}", backtrace=message)


def _place(frames: str, reason: str) -> str:
    """Behind what happened: the function where, if functions have names."""
    found = _FUNCTION.search(frames)
    if found is not None:
        name = _HASH.sub("", found["name"])
        name = name if len(name) <= _NAME_CHARACTERS_MAX else f"{name[:_NAME_CHARACTERS_MAX]}..."
        return f", in {name}"
    if "`unreachable`" in reason:
        return (
            "; so ends a program that aborts or exits, and where is not known: this one is built "
            "without the names of its functions"
        )
    return ""


def told_in_log(fault: KelpieError, log: list[LogLine], limits: Limits) -> KelpieError:
    """The fault of a guest, or in place of a trap the panic that its last lines tell
    of. A panic may not be caught in WebAssembly: then an SDK logs it, and traps.
    """
    if type(fault) is not GuestTrapped or not log:
        return fault
    level, message = log[-1]
    if level == "error" and message.startswith(_EXITED):
        return GuestTrapped(f"the actor crashed: {message}", **fault.details)
    if level != "error" or not message.startswith(_PANIC):
        message = _last_words([line.message for line in log])
    if not message:
        return fault
    maximum = limits.rejection_message_bytes_max
    if len(message.encode()) > maximum:
        rest = "... (the log has all of it)"
        message = message.encode()[: maximum - len(rest)].decode(errors="ignore") + rest
    backtrace = fault.details["backtrace"]
    # Numbers of functions say less than the place that the message has.
    named = {"backtrace": backtrace} if _NAMED_FRAME.search(str(backtrace)) else {}
    return ActorFailed(message, **named)


def _last_words(lines: list[str]) -> str:
    """What a runtime said before it ended the program, with its place; "" if nothing."""
    for at in reversed(range(len(lines))):
        if lines[at].startswith(_LAST_WORDS):
            said, *trace = lines[at:]
            break
    else:
        return ""
    if trace and not any(map(_TRACE.fullmatch, trace)):
        return ""
    found = _OWN_PLACE.search("\n".join(lines[at:]))
    return f"{_PANIC}{found['place']}: {said.removeprefix('panic: ')}" if found else said


def failure_of_guest(address: int, limits: Limits, configuration: Configuration) -> ActorError:
    """The error for a `failure` that the guest returned, at `address`. No secret
    of its configuration stands in its message."""
    return failure_of(decode(address), limits, configuration)


def failure_of(failure: object, limits: Limits, configuration: Configuration) -> ActorError:
    """The same, of a `failure` that was decoded."""
    assert isinstance(failure, tuple)
    case, content = failure
    if case == "rejected":
        assert isinstance(content, dict)
        code, message = map(configuration.redact, (content["code"], content["message"]))
        return _rejection(code, message, limits)
    content = configuration.redact(str(content))
    maximum = limits.rejection_message_bytes_max
    if len(content.encode()) > maximum:
        return GuestBrokeContract(
            f"the message of a failure is over the limit rejection_message_bytes_max of "
            f"{maximum} bytes; it begins with {content[:200]!r}"
        )
    match case:
        case "failed":
            return ActorFailed(content)
        case "unavailable":
            return ActorUnavailable(content)
        case "unknown":
            return ActorOutcomeUnknown(content)
    raise AssertionError(f"the contract has no failure {case!r}")


def _rejection(code: str, message: str, limits: Limits) -> ActorError:
    if not _CODE.fullmatch(code) or len(code) > limits.rejection_code_bytes_max:
        return GuestBrokeContract(
            f"{code[:80]!r} is no code for a rejection: use 1 to "
            f"{limits.rejection_code_bytes_max} of a-z, 0-9, '_' and '-'"
        )
    if len(message.encode()) > limits.rejection_message_bytes_max:
        return GuestBrokeContract(
            f"the message of a rejection is over the limit rejection_message_bytes_max of "
            f"{limits.rejection_message_bytes_max} bytes"
        )
    return ActorRejected(code, message)

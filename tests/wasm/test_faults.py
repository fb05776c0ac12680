"""What a trap is told as."""

from __future__ import annotations

import pytest

from kelpie.errors import ActorFailed, GuestTrapped
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.faults import told_in_log
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

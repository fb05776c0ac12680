"""Limits that differ from run to run, so that what happens at them happens.

Only such as no guest can see: the model knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kelpie.limits import Limits
from kelpie.sim.tape import Tape

__all__ = ["tightened"]

_TIGHT: Final[Mapping[str, tuple[int, ...]]] = {
    "actor_idle_ms_max": (200, 1_500),
    "actors_active_max": (1, 2),
    "instances_max": (1,),
    "commit_turns_max": (1, 2),
    "mailbox_messages_max": (1, 3),
    "waiting_messages_max": (4,),
    "calls_waiting_max": (1,),
    "store_attempts_max": (2,),
    "commit_attempts_max": (1, 3),
    "commit_resolution_ms_max": (5, 100),
    "journal_instance_turns_max": (1, 3),
    "journal_memory_bytes_max": (3_000,),
    "journal_waiting_bytes_max": (1,),
    "journal_turns_max": (4,),
    "journal_failure_pause_ms": (1,),
    "durable_resumed_at_once_max": (1,),
    "durable_attempts_max": (1,),
    "rows_cleared_max": (1, 2),
    "kv_clearing_sweep_ms": (100,),
}
# How many of as many choices leave the limit as it is.
_USUAL: Final = 4


def tightened(limits: Limits, tape: Tape) -> Limits:
    """Some of the limits much lower, as the tape chooses."""
    changes: dict[str, Any] = {}
    for name, values in _TIGHT.items():
        choice = tape.draw(f"swarm/{name}", _USUAL + len(values))
        if choice >= _USUAL:
            changes[name] = values[choice - _USUAL]
    return replace(limits, **changes)

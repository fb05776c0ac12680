"""Bugs in the calls between actors that the simulator has to find: see `seeded_bugs`."""

from __future__ import annotations

import itertools
from typing import Any

from kelpie.runtime.actor import actor_answers
from kelpie.runtime.actor.actor_answers import ActorAnswers
from kelpie.runtime.requests.envelope import Envelope
from tests.sim.planting import Bug, patches

__all__ = ["CALL_BUGS"]


def call_id_without_the_request() -> Any:
    """Two requests that a caller handles ask as if they were one."""

    def request_id(asked: Envelope, key: str | None, number: int) -> str:
        return f"key {key}" if key is not None else f"number {number}"

    return patches((actor_answers, "_request_id", request_id))


def call_id_that_is_new_each_time() -> Any:
    """A turn that is run again asks anew."""
    original = actor_answers._request_id
    count = itertools.count()

    def request_id(asked: Envelope, key: str | None, number: int) -> str:
        return original(asked, key, number) + str(next(count))

    return patches((actor_answers, "_request_id", request_id))


def call_before_earlier_turns_are_durable() -> Any:
    async def may_leave(self: ActorAnswers, envelope: Envelope) -> bool:
        return True

    return patches((ActorAnswers, "_may_leave", may_leave))


CALL_BUGS = (
    Bug("call id without the caller's request", "bank", call_id_without_the_request),
    Bug("call id that is new each time", "bank", call_id_that_is_new_each_time),
    Bug("call before earlier turns are durable", "bank", call_before_earlier_turns_are_durable),
)

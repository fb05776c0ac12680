"""`random`, `secrets`, `uuid` and `os.urandom`, by the entropy of the turn."""

from __future__ import annotations

import os
import random
import uuid
from typing import Any

from kelpie_guest.turn import BuildTimeRandomness, turn

__all__ = ["install"]

_SEED_BYTES = 32
_MULTICAST = 1 << 40
_seed = random.Random.seed


def _seed_from_turn(self: random.Random, a: Any = None, version: int = 2) -> None:
    """`Random.seed`, with the turn's entropy where there is no seed."""
    _seed(self, turn.entropy(_SEED_BYTES) if a is None else a, version)


class _TurnRandom(random.Random):
    """What is behind `random.random()` and its like: seeded anew in every turn that
    uses it, so that no number depends on what this instance did before."""

    is_seeded = False

    def random(self) -> float:
        if turn.is_stale or not self.is_seeded:
            self.seed()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        if turn.is_stale or not self.is_seeded:
            self.seed()
        return super().getrandbits(k)

    def getstate(self) -> tuple[Any, ...]:
        if turn.is_stale or not self.is_seeded:
            self.seed()
        return super().getstate()

    def setstate(self, state: tuple[Any, ...]) -> None:
        self._begin()
        super().setstate(state)

    def seed(self, a: Any = None, version: int = 2) -> None:
        self._begin()
        super().seed(a, version)

    def _begin(self) -> None:
        if turn.is_building:
            raise BuildTimeRandomness(
                "random is used while the component is built: every actor would get the same. "
                "Do it within an operation, or take a random.Random(seed) of your own"
            )
        if turn.is_stale:
            turn.begin()
        self.is_seeded = True

    def reset(self) -> None:
        self.is_seeded = False


def _node() -> int:
    """A node for `uuid1`, marked as one that is no network card's."""
    return int.from_bytes(turn.entropy(6)) | _MULTICAST


def _forget_last_uuids() -> None:
    for name in ("_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7"):
        if hasattr(uuid, name):
            setattr(uuid, name, None)
    if hasattr(uuid, "_last_counter_v7"):
        uuid._last_counter_v7 = 0


def _with_turn(function: Any) -> Any:
    """One of the functions that remember the last UUID: of this turn, not before."""

    def called(*arguments: Any, **named: Any) -> Any:
        if turn.is_stale and not turn.is_building:
            turn.begin()
        return function(*arguments, **named)

    called.__name__ = function.__name__
    return called


def install() -> None:
    os.urandom = turn.entropy
    random._urandom = turn.entropy  # type: ignore[attr-defined]
    former = random._inst
    inst = _TurnRandom.__new__(_TurnRandom)
    setattr(inst, "gauss_next", None)  # noqa: B010 - it is not in the type stubs
    turn.on_begin(inst.reset)
    turn.on_begin(_forget_last_uuids)
    for name, value in list(vars(random).items()):
        if getattr(value, "__self__", None) is former:
            setattr(random, name, getattr(inst, name))
    random._inst = inst
    random.Random.seed = _seed_from_turn  # type: ignore[method-assign]
    uuid.getnode = _node
    for name in ("uuid1", "uuid6", "uuid7"):
        if hasattr(uuid, name):
            setattr(uuid, name, _with_turn(getattr(uuid, name)))

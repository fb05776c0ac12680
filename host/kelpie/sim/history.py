"""What an actor's clients asked and got: the history that a checker judges."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

__all__ = ["BATCH", "Model", "NEVER", "Operation", "Step"]

BATCH: Final = "(batch)"
"""The name of a batch, among those of operations."""

NEVER: Final = 1 << 62
"""The time of a response that did not come."""


class Step(NamedTuple):
    """What a sequential object does in one operation."""

    reply: Hashable
    state: Hashable


class Model(Protocol):
    """The sequential object that a history is held against."""

    def initial(self) -> Hashable: ...

    def steps(self, state: Hashable, operation: Operation) -> Iterable[Step]:
        """Everything that the operation may do in this state.

        One step, unless the operation had an input that the history does not
        tell (a clock reading of one of several attempts).
        """
        ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, from its first invocation to its response.

    Times are positions in one order of all events of a run. With `responded`
    NEVER its outcome is unknown: it may have taken effect at any time after
    `invoked`, or never, and `reply` means nothing. One that is `read_only`
    never changes the state, in no state.

    `hint` is a guess at when it took effect. It only says what to try first:
    the right guesses make a verdict cheap, wrong ones cannot change it.
    """

    name: str
    argument: Hashable
    invoked: int
    responded: int = NEVER
    reply: Hashable = None
    request_id: str = ""
    read_only: bool = False
    inputs: tuple[Hashable, ...] = ()
    hint: int | None = None

    def __post_init__(self) -> None:
        assert self.invoked < self.responded, self

    @property
    def known(self) -> bool:
        return self.responded != NEVER

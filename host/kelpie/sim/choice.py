"""What a client may ask for, and with which arguments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kelpie.ids import Payload, text
from kelpie.runtime.requests.envelope import DELETION
from kelpie.sim import schema
from kelpie.sim.cast import SIMULATED
from kelpie.sim.tape import Tape

__all__ = ["DELETE", "Choice", "weighted"]

_BATCH_OPERATIONS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """An operation that clients may ask for. With `arguments`, one of those;
    otherwise one made from `schema`. With `batch_of`, a batch of some of these."""

    operation: str
    read_only: bool
    weight: int = 1
    arguments: tuple[Payload, ...] = ()
    schema: object = None
    deletes: bool = False
    """Whether it is no operation, but the deletion of the actor."""
    batch_of: tuple[Choice, ...] = ()
    kind: str = SIMULATED

    def argument(self, tape: Tape) -> Payload:
        if self.batch_of:
            count = 1 + tape.draw("workload/batch", _BATCH_OPERATIONS_MAX)
            return text("".join(_line(weighted(self.batch_of, tape), tape) for _ in range(count)))
        if self.arguments:
            return self.arguments[tape.draw("workload/argument", len(self.arguments))]
        return schema.argument(tape, self.schema)


DELETE: Final = Choice(DELETION, False, arguments=(text(""),), deletes=True)


def weighted(choices: Sequence[Choice], tape: Tape) -> Choice:
    """One of them, by their weights."""
    point = tape.draw("workload/operation", sum(each.weight for each in choices))
    for choice in choices:
        point -= choice.weight
        if point < 0:
            return choice
    raise AssertionError("a point lies below the sum of the weights")


def _line(choice: Choice, tape: Tape) -> str:
    """One operation of a batch, as clients send it."""
    argument = choice.argument(tape).data.decode()
    given = f',"argument":{argument}' if argument else ""
    return f'{{"operation":{json.dumps(choice.operation)}{given}}}\n'

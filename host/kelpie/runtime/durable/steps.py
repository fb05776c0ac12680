"""What a commit writes of a durable turn in flight."""

from __future__ import annotations

from dataclasses import dataclass, field

from kelpie.store.chunks import write_value, written_bytes_max
from kelpie.store.durable_keys import DurableKeys
from kelpie.store.keyspace import ActorKeys
from kelpie.store.protocol import Transaction

__all__ = ["Steps", "steps_bytes_max", "write_steps"]


@dataclass(slots=True)
class Steps:
    """Steps of the turn in flight that a batch makes durable."""

    ended: bool = False
    """Whether what was kept of an earlier turn goes first."""
    count: int = 0
    """How many steps the turn in flight has then; 0: there is none."""
    rows: dict[bytes, bytes] = field(default_factory=dict)

    def end(self) -> None:
        """The turn has ended: nothing more is kept of it."""
        self.ended = True
        self.count = 0
        self.rows.clear()

    def add(self, count: int, rows: dict[bytes, bytes]) -> None:
        """One more step of the turn in flight, which has `count` of them then."""
        self.count = count
        self.rows.update(rows)


def steps_bytes_max(rows: dict[bytes, bytes]) -> int:
    """What rows add to the transaction that commits them: never too low."""
    return sum(written_bytes_max(len(key), len(row)) for key, row in rows.items())


def write_steps(transaction: Transaction, actor: ActorKeys, steps: Steps) -> bool:
    """Whether a value went into chunks."""
    keys = DurableKeys(actor)
    if steps.ended:
        for key_range in keys.everything():
            transaction.clear_range(*key_range)
        transaction.clear(keys.index)
    large = False
    for key, row in steps.rows.items():
        # But for the row in the index, each is written once, to a key that is free.
        large |= write_value(transaction, key, row, had_chunks=False)
    return large

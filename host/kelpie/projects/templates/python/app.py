"""One number for each key, kept for good.

A class is an actor: its fields are the state, its methods are the operations.
Of `name-of-actor/alice` one runs at a time, and its reply leaves the host only
when the state behind it is on disk.
"""

from dataclasses import dataclass

from kelpie_actor import Context, Rejection, actor, operation


@dataclass
class Value:
    """What the operations reply."""

    value: int


# Docstrings from here on are shown to whoever calls the actor.


@actor
@dataclass
class Counter:
    """Counts, and never below zero."""

    # What is kept for each key, and how it begins.
    value: int = 0

    @operation
    def add(self, context: Context, amount: int = 1) -> Value:
        """Adds to the value."""
        value = self.value + amount
        if not 0 <= value < 2**63:
            # The caller is told so, and nothing of this turn is kept.
            raise Rejection("out-of-range", "the value would be below zero, or too large")
        self.value = value
        context.log.info(f"now at {value}")
        return Value(value)

    @operation(read_only=True)
    def get(self) -> Value:
        """The value."""
        return Value(self.value)

    @operation
    def reset(self) -> Value:
        """Sets the value to zero."""
        self.value = 0
        return self.get()

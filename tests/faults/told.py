"""What clients of counters were told, and whether it can all be true."""

from __future__ import annotations

from collections import defaultdict

__all__ = ["Told"]


class Told:
    """Every increment that was asked for, by counter and request id, and its answer.

    An increment is `lost` if it was acknowledged and the counter has fewer, or
    has given its value to another one; `doubled` if the counter has more than
    was asked for; `changed` if it was answered once like this and once like that.
    """

    def __init__(self) -> None:
        self._asked: dict[str, set[str]] = defaultdict(set)
        self._values: dict[str, dict[str, int]] = defaultdict(dict)
        self.retried = 0
        """How often somebody had to ask again."""
        self.lost = self.doubled = self.changed = 0

    @property
    def counters(self) -> list[str]:
        return list(self._asked)

    @property
    def acknowledged(self) -> int:
        return sum(map(len, self._values.values()))

    @property
    def is_sound(self) -> bool:
        return (self.lost, self.doubled, self.changed) == (0, 0, 0)

    def ask(self, counter: str, request_id: str) -> None:
        """Somebody is about to ask for an increment."""
        self._asked[counter].add(request_id)

    def answer(self, counter: str, request_id: str, value: int) -> None:
        """Somebody was told its value, perhaps not for the first time."""
        if self._values[counter].setdefault(request_id, value) != value:
            self.changed += 1

    def compare(self, counter: str, stored: int, *, all_answered: bool) -> None:
        """Holds a counter against what was said of it. Unless `all_answered`,
        what was asked and not answered may be in it or not."""
        values = self._values[counter].values()
        unanswered = len(self._asked[counter]) - len(values)
        assert not (all_answered and unanswered)
        beyond = sum(1 for value in values if value > stored)
        self.lost += max(len(values) - stored, len(values) - len(set(values)), beyond)
        self.doubled += max(0, stored - len(values) - unanswered)
        assert min(values, default=1) >= 1

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} increments acknowledged, {self.retried} asked again, "
            f"{self.lost} lost, {self.doubled} doubled, {self.changed} answers changed"
        )

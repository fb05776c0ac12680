"""The lives of a kind: when it was deleted, and when it was there again.

What its actors did is judged life by life: each begins with nothing, and without the
records of requests that were done before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from kelpie.sim.moments import Moments
from kelpie.sim.requests import Attempt, Request

__all__ = ["Ending", "Endings"]


class Ending(NamedTuple):
    """From when its deletion landed until it was deployed anew. In between nothing is
    written; what was read before may still be answered."""

    begun: int
    dead: frozenset[str]
    """The hosts that were dead when it landed: they have done nothing since."""
    over: int | None = None


class Endings:
    """Those of all kinds, as their commits landed."""

    def __init__(self, moments: Moments, dead: Callable[[], frozenset[str]]) -> None:
        self._moments = moments
        self._dead = dead
        self._of: dict[str, list[Ending]] = defaultdict(list)

    def begins(self, kind: str) -> None:
        """Its deletion has landed, perhaps not for the first time: whoever is not told
        that it did asks again."""
        if self.goes_on(kind):
            return
        self._of[kind].append(Ending(self._moments.next(), self._dead()))

    def is_over(self, kind: str) -> None:
        """The kind is deployed anew."""
        last = self._of[kind].pop()
        self._of[kind].append(last._replace(over=self._moments.next()))

    @property
    def count(self) -> int:
        return sum(map(len, self._of.values()))

    def goes_on(self, kind: str) -> bool:
        """Whether the kind is deleted now."""
        endings = self._of.get(kind)
        return bool(endings) and endings[-1].over is None  # type: ignore[index]

    def known_at(self, kind: str, moment: int) -> bool:
        """Whether the kind had been deleted by then: a host may say that there is none."""
        return any(each.begun < moment for each in self._of.get(kind, ()))

    def lives(self, kind: str) -> int:
        """How many lives it had, with the one that it has, if it is not deleted now."""
        return len(self._of.get(kind, ())) + (not self.goes_on(kind))

    def of_life(self, requests: Iterable[Request], kind: str, life: int) -> list[Request]:
        """What was asked of the kind's actors in one of its lives, counted from 0, and what
        they answered in it. What was asked in one life and not answered in the same may
        have been done in either, or not at all."""
        if not self._of.get(kind):
            return [each for each in requests if each.address.kind == kind]
        found = []
        for request in requests:
            if request.address.kind == kind:
                attempts = list(self._attempts(request, life))
                found.append(replace(request, attempts=attempts))
        return found

    def _attempts(self, request: Request, life: int) -> Iterator[Attempt]:
        endings = self._of[request.address.kind]
        since = endings[life - 1].over if life else 0
        until = endings[life].begun if life < len(endings) else None
        assert since is not None, "a life begins when the one before is over"
        for attempt in request.attempts:
            if attempt.delivered is None or (until is not None and attempt.delivered > until):
                continue
            answered = attempt.answered
            if answered is not None and answered < since:
                continue
            is_whole = answered is None or until is None or answered < until
            if attempt.delivered > since and is_whole:
                if not (life and _may_tell_of_before(request, attempt, endings[life - 1])):
                    yield attempt
                elif not request.read_only:
                    yield Attempt(attempt.node, attempt.delivered)
            elif attempt.delivered < since and attempt.node in endings[life - 1].dead:
                continue
            elif not request.read_only:
                # Who was asked is not known to have done it in this life.
                yield Attempt(attempt.node, max(attempt.delivered, since))


def _may_tell_of_before(request: Request, attempt: Attempt, ending: Ending) -> bool:
    """Whether it may have joined one that was asked before the kind was deleted, and so
    tell what was then: that is an answer to both."""
    if attempt.answer is None or not attempt.answer.definite:
        return False
    asked = request.joined(attempt).delivered
    return asked is not None and asked < ending.begun

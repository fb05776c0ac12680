"""What the turns of each kind of actor came to."""

from __future__ import annotations

from kelpie.limits import Limits
from kelpie.meters.histogram import COUNT_BOUNDS, NANOSECOND_BOUNDS, Histogram
from kelpie.meters.letters import LetterMeter

__all__ = ["OTHER", "KindMeter", "TurnMeters"]

OTHER = "(other)"
"""Stands for every name that came once there were too many. No name has parentheses."""


class KindMeter:
    """One kind of actor on this node."""

    __slots__ = (
        "_limits",
        "activations",
        "commits",
        "durations_ns",
        "ended",
        "failures",
        "fuel",
        "instances_made",
        "rejections",
        "repeated",
        "replied",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.replied = 0
        """Turns that ended with a reply; the others are in `rejections` and `failures`."""
        self.rejections: dict[str, int] = {}
        """By the code that the actor gave: at most `metrics_rejection_codes_max` of them."""
        self.failures: dict[str, int] = {}
        """By the code of the error: of these there are as many as the host has."""
        self.repeated = 0
        """Requests that were answered from their record, without a turn."""
        self.durations_ns = Histogram(NANOSECOND_BOUNDS)
        """From when a turn came until its guest ended, loading an instance included."""
        self.fuel = 0
        self.commits = 0
        self.activations = 0
        self.ended = 0
        """How many of the activations are over."""
        self.instances_made = 0

    def rejected(self, code: str) -> None:
        """A turn ended with a rejection, whose code the actor chose."""
        rejections = self.rejections
        if code not in rejections and len(rejections) >= self._limits.metrics_rejection_codes_max:
            code = OTHER
        rejections[code] = rejections.get(code, 0) + 1

    def failed(self, code: str) -> None:
        """A turn failed."""
        self.failures[code] = self.failures.get(code, 0) + 1


class TurnMeters:
    """Every kind that was active on this node: at most `metrics_kinds_max` by name."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.kinds: dict[tuple[str, str], KindMeter] = {}
        """By namespace and kind."""
        self.commit_turns = Histogram(COUNT_BOUNDS)
        """How many turns of one actor went into each of its commits."""
        self.letters = LetterMeter()

    def name(self, namespace: str, kind: str) -> tuple[str, str]:
        """Under which name the kind is counted."""
        name = namespace, kind
        if name in self.kinds or len(self.kinds) < self._limits.metrics_kinds_max:
            return name
        return OTHER, OTHER

    def of(self, namespace: str, kind: str) -> KindMeter:
        """The meter of a kind, perhaps one that it shares with others."""
        name = self.name(namespace, kind)
        meter = self.kinds.get(name)
        if meter is None:
            meter = self.kinds[name] = KindMeter(self._limits)
        return meter

    def committed(self, meter: KindMeter, turns: int) -> None:
        """Some turns of one actor are durable, by one commit."""
        meter.commits += 1
        self.commit_turns.add(turns)

"""Load: what is sent, and what came of it.

`generator.py` chooses who sends it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Load", "LoadFailed", "Measured"]


class LoadFailed(Exception):
    """The load did not go through whole: the figures would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Requests to send for `seconds`, one at a time on each connection."""

    connections: int
    seconds: float
    path: str
    """With one `%s`, where the key goes."""
    keys: int = 0
    """How many keys to choose from at random; 0: one hot key, named "hot"."""
    id_prefix: str = ""
    """Beginning of the unique Idempotency-Keys; empty: send none."""
    body: str = ""
    content_type: str = "application/json"
    """Of the body, if there is one."""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the generator saw. Latencies run from a request's sending to its whole answer."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    received_bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

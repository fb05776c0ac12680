"""`kelpie` that counts nothing and tells of nothing: what metrics and logs are measured against.

    python -m benchmarks.unobserved serve ...

No user can have it: what is replaced here is what a host does for whoever
watches it, and nothing else.
"""

from __future__ import annotations

import logging

from kelpie.api.request_log import RequestLog
from kelpie.cli.entry import run
from kelpie.meters.histogram import Histogram
from kelpie.meters.store import StoreMeter
from kelpie.meters.turns import KindMeter, TurnMeters

__all__: list[str] = []

OBSERVING = (
    (RequestLog, "answered"),
    (Histogram, "add"),
    (StoreMeter, "wrote"),
    (KindMeter, "rejected"),
    (KindMeter, "failed"),
    (TurnMeters, "committed"),
)


def _nothing(*_: object) -> None:
    pass


def stop_observing() -> None:
    """From here on nothing is counted or logged in this process."""
    for owner, name in OBSERVING:
        assert callable(getattr(owner, name)), f"{owner.__name__} has no {name}"
        setattr(owner, name, _nothing)
    logging.disable(logging.CRITICAL)


if __name__ == "__main__":
    stop_observing()
    run()

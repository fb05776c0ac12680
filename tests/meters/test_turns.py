"""There are as many names as the limits allow, and the rest is still counted."""

from __future__ import annotations

from dataclasses import replace

from kelpie.limits import DEFAULT_LIMITS
from kelpie.meters.turns import OTHER, TurnMeters

LIMITS = replace(DEFAULT_LIMITS, metrics_kinds_max=2, metrics_rejection_codes_max=2)


def test_kinds_beyond_the_limit_share_a_name() -> None:
    meters = TurnMeters(LIMITS)
    for number in range(10):
        meters.of("default", f"kind-{number}").replied += 1
    assert {name: meter.replied for name, meter in meters.kinds.items()} == {
        ("default", "kind-0"): 1,
        ("default", "kind-1"): 1,
        (OTHER, OTHER): 8,
    }
    assert meters.name("default", "kind-1") == ("default", "kind-1")
    assert meters.name("default", "kind-9") == (OTHER, OTHER)


def test_rejection_codes_beyond_the_limit_share_a_name() -> None:
    meter = TurnMeters(LIMITS).of("default", "thing")
    for code in ("a", "b", "c", "d", "a"):
        meter.rejected(code)
    assert meter.rejections == {"a": 2, "b": 1, OTHER: 2}

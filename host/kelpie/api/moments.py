"""Moments, as a query may name them and as an answer tells them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from kelpie.errors import InvalidRequest

__all__ = ["moment_of", "told_moment"]

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(name: str, given: str, now_ns: int) -> int:
    """The moment that a parameter names, in nanoseconds since 1970: a time with its
    offset (RFC 3339), or how long ago, as `90s`, `10m`, `2h` or `1d`.

    Raises:
        InvalidRequest: it is neither.
    """
    duration = _DURATION.fullmatch(given)
    if duration is not None:
        return max(now_ns - int(duration[1]) * _UNIT_S[duration[2]] * _NS_PER_S, 0)
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is not None:
            since = moment - _EPOCH
            return max((since.days * 86_400 + since.seconds) * _NS_PER_S, 0) + (
                since.microseconds * 1000
            )
    except (ValueError, OverflowError):
        pass
    raise InvalidRequest(
        f"{name} is {given[:80]!a}: write how long ago, as 90s, 10m, 2h or 1d, or a time with its "
        "offset, as 2026-01-01T12:00:00Z"
    )


def told_moment(moment_ns: int) -> str:
    """In UTC, to the millisecond."""
    moment = datetime.fromtimestamp(moment_ns // _NS_PER_MS / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What an oracle says when something does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.ids import Address

__all__ = ["Failure"]


@dataclass(frozen=True, slots=True)
class Failure:
    """`oracle` names the promise, `reason` how it was broken; `details` are
    lines for people."""

    oracle: str
    reason: str
    address: Address | None = None
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" ({self.address})" if self.address is not None else ""
        return f"{self.oracle}: {self.reason}{where}"

"""What another component changes for those who call a kind's actors."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import DeployBreaking
from kelpie.runtime.kinds.schema_cover import covers
from kelpie.wasm.turn import Manifest, Operation

__all__ = ["NO_CHANGES", "Changes", "Narrowing", "check_not_breaking", "compare"]


class Narrowing(NamedTuple):
    """An operation that promises less than before, and in what."""

    operation: str
    reasons: tuple[str, ...]


class Changes(NamedTuple):
    """How one version differs from the one before, for those who have to do with it."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    narrowed: tuple[Narrowing, ...] = ()
    imports: tuple[str, ...] = ()
    """Interfaces that its component imports and the one before did not."""
    batches_gone: bool = False
    """Its actors took batches, and do not any more."""

    @property
    def breaking(self) -> list[str]:
        """What callers of the version before may miss, in words."""
        gone = [f"{name!r} is gone" for name in self.removed]
        if self.batches_gone:
            gone.append("batches are not taken any more")
        return gone + [
            f"{each.operation!r}: {reason}" for each in self.narrowed for reason in each.reasons
        ]


NO_CHANGES = Changes()


def compare(before: Manifest, after: Manifest) -> Changes:
    """The differences between operations, in the order of the manifests."""
    old, new = before.operations, after.operations
    narrowings = [
        Narrowing(name, tuple(_reasons(operation, new[name])))
        for name, operation in old.items()
        if name in new
    ]
    return Changes(
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
        tuple(each for each in narrowings if each.reasons),
    )


def check_not_breaking(changes: Changes, number: int, kind: str) -> None:
    """Of changes against this version of a kind.

    Raises:
        DeployBreaking
    """
    breaking = changes.breaking
    if breaking:
        raise DeployBreaking(
            f"against version {number} of {kind!r}: {'; '.join(breaking)}",
            removed=list(changes.removed),
            narrowed=[each._asdict() for each in changes.narrowed],
            reasons=breaking,
        )


def _reasons(before: Operation, after: Operation) -> list[str]:
    reasons = []
    if before.read_only and not after.read_only:
        reasons.append("it was read-only, and now may change things")
    if after.read_only and not before.read_only:
        reasons.append("it could change things, and now is read-only")
    if before.durable and not after.durable:
        reasons.append("it was durable, and now is not")
    if not covers(after.argument, before.argument):
        reasons.append("its argument's schema may refuse what it took before")
    if not covers(before.result, after.result):
        reasons.append("its result's schema may allow what it did not before")
    return reasons

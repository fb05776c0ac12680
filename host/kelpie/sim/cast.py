"""Who takes part in a run: the components, by the kinds that they are deployed as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from kelpie.errors import InvalidAddress
from kelpie.ids import Address, check_name
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.engine import Foundry, Simulated

__all__ = ["NAMESPACE", "SIMULATED", "Cast", "KindsInvalid", "read_uploads"]

NAMESPACE: Final = "default"
SIMULATED: Final = "simulated"
"""The kind of a component that is alone."""


class KindsInvalid(ValueError):
    """Files whose names are no names of different kinds; the message says which."""


def read_uploads(paths: Sequence[Path]) -> Mapping[str, bytes]:
    """The components in some files, by their kinds: several are named like their files.

    Raises:
        KindsInvalid, OSError
    """
    if len(paths) == 1:
        return {SIMULATED: paths[0].read_bytes()}
    uploads: dict[str, bytes] = {}
    for path in paths:
        kind = path.stem
        try:
            check_name("kind", kind, DEFAULT_LIMITS)
        except InvalidAddress as error:
            raise KindsInvalid(f"{path}: {error.message}") from None
        if kind in uploads or kind == SIMULATED:
            raise KindsInvalid(f"{path}: the kind {kind} is there: give it another name")
        uploads[kind] = path.read_bytes()
    return uploads


class Cast:
    """What was uploaded for each kind, and what the foundry made of it."""

    def __init__(self, foundry: Foundry, uploads: Mapping[str, bytes]) -> None:
        self._foundry = foundry
        self._uploads = uploads

    def __iter__(self) -> Iterator[str]:
        """The kinds."""
        return iter(self._uploads)

    def versions(self, kind: str) -> tuple[bytes, bytes]:
        """See `Foundry.versions`."""
        return self._foundry.versions(self._uploads[kind])

    def component(self, kind: str) -> Simulated:
        """
        Raises:
            ComponentError
        """
        return self._foundry.component(self._uploads[kind])

    def of(self, address: Address) -> Simulated:
        """The component of an actor."""
        return self.component(address.kind)

    def is_read_only(self, address: Address, operation: str) -> bool:
        """Whether the actor says so of its operation. Who is no actor has none."""
        known = address.kind in self._uploads
        return known and operation in self.of(address).manifest.read_only

"""What is set for kinds, of those versions that are in use."""

from __future__ import annotations

from collections.abc import Iterable

from kelpie.runtime.kinds.configuration import read_configuration
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.node import Node
from kelpie.store.reading import reading
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration

__all__ = ["Configurations"]


class Configurations:
    """Read when first used."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._read: dict[tuple[str, str, int], Configuration] = {}

    async def get(self, deploy: Deploy) -> Configuration:
        """What is set for a deploy.

        Raises:
            StoreError
        """
        if not deploy.configured_at:
            return NO_CONFIGURATION
        found = self._read.get(_key(deploy))
        if found is None:
            with reading(self._node.store) as transaction:
                found = await read_configuration(transaction, deploy)
            self._read[_key(deploy)] = found
        return found

    def keep_only(self, deploys: Iterable[Deploy]) -> None:
        """Forgets what is set for others. Whoever still runs one of them holds it."""
        kept = {_key(each) for each in deploys}
        self._read = {key: each for key, each in self._read.items() if key in kept}


def _key(deploy: Deploy) -> tuple[str, str, int]:
    return deploy.namespace, deploy.kind, deploy.configured_at

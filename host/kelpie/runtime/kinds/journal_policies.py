"""What is kept of the turns of each kind, as whoever deploys it has set it."""

from __future__ import annotations

import msgpack

from kelpie.journal.policy import DEFAULT_POLICY, Policy
from kelpie.runtime.kinds.deploy import read_current
from kelpie.runtime.node import Node
from kelpie.store.frame import frame, unframe
from kelpie.store.journal_keys import journal_policy
from kelpie.store.protocol import Transaction
from kelpie.store.reading import reading
from kelpie.store.retry import transact
from kelpie.store.witness import Witness

__all__ = ["JournalPolicies"]


class JournalPolicies:
    """Read when first used. Not of a version: going back to one changes nothing."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._read: dict[tuple[str, str], Policy] = {}

    async def get(self, namespace: str, kind: str) -> Policy:
        """
        Raises:
            StoreError
        """
        found = self._read.get((namespace, kind))
        if found is None:
            with reading(self._node.store) as transaction:
                found = await _read_policy(transaction, namespace, kind)
            self._read[namespace, kind] = found
        return found

    async def set(self, namespace: str, kind: str, policy: Policy, witness: Witness) -> bool:
        """Whether it had another one, or none of its own.

        Raises:
            KindNotFound, StoreError
        """
        node, key = self._node, journal_policy(namespace, kind)
        wanted = frame(key, msgpack.packb(policy.value))

        async def work(transaction: Transaction) -> bool:
            # Among its conflicts is then that the kind is deleted.
            await read_current(transaction, namespace, kind)
            if await transaction.get(key) == wanted:
                return False
            transaction.set(key, wanted)
            await witness(transaction, policy.value)
            return True

        changed = await transact(node.env, node.store, node.limits, work, repeatable=True)
        self._read[namespace, kind] = policy
        return changed

    def forget(self, namespace: str, kind: str) -> None:
        """The kind is deleted."""
        self._read.pop((namespace, kind), None)


async def _read_policy(transaction: Transaction, namespace: str, kind: str) -> Policy:
    key = journal_policy(namespace, kind)
    stored = await transaction.get(key, snapshot=True)
    return DEFAULT_POLICY if stored is None else Policy(msgpack.unpackb(unframe(key, stored)))

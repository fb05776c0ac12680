"""Whether what is missing is missing because its kind was deleted."""

from __future__ import annotations

from kelpie.errors import Moved
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.node import Node
from kelpie.store.reading import reading

__all__ = ["check_kind_stays"]


async def check_kind_stays(node: Node, claim: Claim) -> None:
    """For whoever finds something of an actor's kind damaged or missing: while the claim
    was held the kind may have been deleted, and then all of it is cleared.

    Raises:
        Moved: so it is. Who asks again hears what is deployed now.
        StoreError
    """
    with reading(node.store) as transaction:
        if await claim.kind_ended(transaction):
            raise Moved(f"the kind of {claim.keys.address} was deleted")

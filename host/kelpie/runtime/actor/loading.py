"""How an actor comes into memory."""

from __future__ import annotations

from collections.abc import Callable

from kelpie.errors import LoadFailed, StoredValueCorrupt, StoreError
from kelpie.ids import Address
from kelpie.runtime.actor.instance_slot import InstanceSlot
from kelpie.runtime.actor.instances import Instances
from kelpie.runtime.actor.turn_runner import TurnRunner
from kelpie.runtime.commits import claiming
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.kinds.kind_stays import check_kind_stays
from kelpie.runtime.node import Node
from kelpie.runtime.requests.calls import Calls
from kelpie.runtime.telemetry.guest_log import About
from kelpie.store.keyspace import ActorKeys

__all__ = ["load"]


async def load(
    node: Node,
    deploys: Deploys,
    instances: Instances,
    calls: Calls,
    address: Address,
    on_progress: Callable[[], None],
) -> TurnRunner:
    """Reads an actor from the store. It is never taken for empty because it
    could not be read.

    Raises:
        LoadFailed, StoredValueCorrupt, Moved, KindNotFound
    """
    try:
        claim, state = await claiming.load(node, ActorKeys(address))
        try:
            deploy = await deploys.at(address.namespace, address.kind, claim.owner.deploy_number)
        except StoredValueCorrupt:
            await check_kind_stays(node, claim)
            raise
    except StoredValueCorrupt as error:
        node.guest_log.failed(error, About(address))
        raise
    except StoreError as error:
        failed = LoadFailed(f"{address} could not be loaded: {error.message}")
        node.guest_log.failed(failed, About(address))
        raise failed from error
    pipeline = Pipeline(node, claim, on_progress)
    pipeline.meter.activations += 1
    slot = InstanceSlot(node, address, claim, deploy, deploys, instances)
    return TurnRunner(node, address, state, pipeline, slot, calls)

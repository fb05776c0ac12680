"""Requests that are asked again, when the first of them is already durable."""

from __future__ import annotations

from kelpie.errors import RequestRecordsFull
from kelpie.runtime.actor.instance_slot import InstanceSlot
from kelpie.runtime.commits import records
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Message
from kelpie.store.reading import reading

__all__ = ["answered_from_record"]


async def answered_from_record(
    node: Node, pipeline: Pipeline, slot: InstanceSlot, message: Message
) -> bool:
    """Whether the request was done before; then it is answered.

    One that is still on its way to be committed is joined before it gets here.

    Raises:
        RequestRecordsFull: it was not, and there is no room for its record.
        StoreError
    """
    envelope, limits = message.envelope, node.limits
    count = pipeline.record_count
    if count == 0:
        return False
    with reading(node.store) as transaction:
        record = await records.find(
            transaction, pipeline.claim.keys, envelope.principal, envelope.request_id
        )
    if record is not None:
        pipeline.meter.repeated += 1
        records.answer(record, message)
        return True
    if (
        count >= limits.request_records_max
        and not _is_read_only(slot, envelope)
        and not await pipeline.can_clear_records(count - limits.request_records_max + 1)
    ):
        raise RequestRecordsFull(
            f"{envelope.target} keeps {count} request records, none of them old enough to go: "
            "ask again later",
            retry_after_ms=limits.store_tick_ms,
        )
    return False


def _is_read_only(slot: InstanceSlot, envelope: Envelope) -> bool:
    """Whether it will be, if it is run next."""
    manifest = slot.next_deploy.manifest
    return not envelope.deletes and envelope.operation in manifest.read_only

"""Records of requests: how a request that is asked twice is done once.

A record is written by the turn's own commit, under the principal and the
request's id. Beside the records, each commit that writes some keeps one index
row, under the tick, that names them; so the oldest are found and cleared
without a scan once they are old enough.
"""

from __future__ import annotations

from typing import NamedTuple

import msgpack

from kelpie.errors import ActorRejected, RequestMismatch
from kelpie.ids import Payload
from kelpie.limits import Limits
from kelpie.runtime.commits.batch import Finished
from kelpie.runtime.requests.message import Message, check_same_request
from kelpie.runtime.tick import TICKS_BEHIND_MAX
from kelpie.store.chunks import clear_value, read_value, write_value, written_bytes_max
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import ActorKeys
from kelpie.store.packing import pack_value
from kelpie.store.protocol import Transaction

__all__ = ["Expired", "Record", "answer", "clear", "count", "expired", "find", "keeps_any", "write"]

_Name = tuple[str, str]
"""Principal and id of a request."""


class Record(NamedTuple):
    """What became of a request. Either `reply` or `rejection` is set: code and
    message and, of a batch, the index of the operation."""

    digest: bytes
    tick: int
    reply: Payload | None
    rejection: tuple[str, str] | tuple[str, str, int] | None


def write(
    transaction: Transaction,
    keys: ActorKeys,
    finished: list[Finished],
    tick: int,
    sequence_number: int,
    *,
    had_chunks: bool,
) -> bool:
    """Puts the records of these turns, and the row that indexes them, into
    their commit. Returns whether one of them is stored in chunks."""
    names: list[_Name] = []
    large = False
    for each in finished:
        envelope, error = each.message.envelope, each.error
        assert error is None or isinstance(error, ActorRejected)
        rejection = _rejection(error) if error is not None else None
        body = pack_value((each.message.digest, tick, each.reply, rejection))
        key = keys.record(envelope.principal, envelope.request_id)
        large |= write_value(transaction, key, body, had_chunks=had_chunks)
        names.append((envelope.principal, envelope.request_id))
    index_key = keys.record_index(tick, sequence_number)
    transaction.set(index_key, frame(index_key, pack_value(names)))
    return large


def _rejection(error: ActorRejected) -> tuple[object, ...]:
    of_batch = [error.details["index"]] if "index" in error.details else []
    return (error.rejection_code, error.message, *of_batch)


async def find(
    transaction: Transaction, keys: ActorKeys, principal: str, request_id: str
) -> Record | None:
    """The record of a request, if there is one.

    Raises:
        StoreError: it could not be read; that is not the same as none.
    """
    key = keys.record(principal, request_id)
    body = await read_value(transaction, key)
    if body is None:
        return None
    digest, tick, reply, rejection = msgpack.unpackb(body, use_list=False)
    return Record(digest, tick, None if reply is None else Payload(*reply), rejection)


def answer(record: Record, message: Message) -> None:
    """Answers a request that was done before.

    It fails with RequestMismatch if its id was used for something else.
    """
    try:
        check_same_request(record.digest, message.envelope)
    except RequestMismatch as error:
        message.fail(error)
        return
    if record.rejection is not None:
        message.fail(ActorRejected(*record.rejection))
    else:
        assert record.reply is not None
        message.reply(record.reply)


class Expired(NamedTuple):
    """Records that are old enough, of one index row, and those that stay in it."""

    index_key: bytes
    names: list[_Name]
    rest: list[_Name]


async def expired(
    transaction: Transaction, keys: ActorKeys, tick: int, limits: Limits, count_max: int
) -> list[Expired]:
    """The oldest of the records that may be cleared: at most `count_max`, and
    as many as one commit may clear, but one at the least.

    Only the owner adds or clears records, so this may be read before the
    transaction that clears them.
    """
    kept_since = _kept_since(tick, limits)
    if kept_since <= 0:
        return []
    begin, end = keys.record_index_range(kept_since)
    bytes_left = limits.commit_cleared_bytes_max
    rows: list[Expired] = []
    for key, stored in await transaction.get_range(
        begin, end, limit=count_max, bytes_max=bytes_left, snapshot=True
    ):
        names: list[_Name] = [(p, r) for p, r in msgpack.unpackb(unframe(key, stored))]
        taken = 0
        while taken < min(len(names), count_max):
            bytes_left -= written_bytes_max(len(keys.record(*names[taken])), 0)
            if bytes_left < 0 and (rows or taken):
                break
            taken += 1
        if taken:
            rows.append(Expired(key, names[:taken], names[taken:]))
        if taken < len(names):
            break
        count_max -= taken
    return rows


async def keeps_any(transaction: Transaction, keys: ActorKeys, tick: int, limits: Limits) -> bool:
    """Whether there are records that may not be cleared yet. That is among the
    transaction's conflicts.

    Raises:
        StoreError
    """
    young = keys.record_index_since(max(0, _kept_since(tick, limits)))
    return bool(await transaction.get_range(*young, limit=1))


def clear(
    transaction: Transaction, keys: ActorKeys, rows: list[Expired], *, had_chunks: bool
) -> int:
    """Clears them; how many records."""
    for row in rows:
        for name in row.names:
            clear_value(transaction, keys.record(*name), had_chunks=had_chunks)
        if row.rest:
            transaction.set(row.index_key, frame(row.index_key, pack_value(row.rest)))
        else:
            transaction.clear(row.index_key)
    return count(rows)


def count(rows: list[Expired]) -> int:
    return sum(len(row.names) for row in rows)


def _kept_since(tick: int, limits: Limits) -> int:
    """Records of earlier ticks may be cleared."""
    return tick - limits.request_record_age_ticks_min - TICKS_BEHIND_MAX

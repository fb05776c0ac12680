"""Values of any size, under keys that hold 100 KB at most.

A small value is one key. A larger one has only its length and its checksum
there, its head, and its bytes in chunks of a family of their own, so that a
range read of heads stays in order and cheap. Heads and chunks are framed each
on its own.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Payload
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.frame import frame, unframe
from kelpie.store.keyspace import chunks_of
from kelpie.store.protocol import Transaction
from kelpie.store.tuples import children, pack, readable

__all__ = [
    "clear_value",
    "decode_payload",
    "encode_payload",
    "finish_value",
    "read_value",
    "value_bytes",
    "write_value",
    "written_bytes_max",
]

_WHOLE = b"\x00"
_CHUNKED = b"\x01"
_HEAD = Struct(">cQII")  # tag, length, number of chunks, CRC-32 of all bytes
# Of a key: the tag and frame of its value, the head, what its chunks' keys have
# in addition.
_OVERHEAD_BYTES = 40
_TEXT = b"t"
_BINARY = b"b"


def encode_payload(payload: Payload) -> bytes:
    """A payload as the bytes of a value: a tag byte, then its data."""
    return (_TEXT if payload.is_text else _BINARY) + payload.data


def decode_payload(value: bytes) -> Payload:
    """What was given to `encode_payload`."""
    tag = value[:1]
    assert tag in (_TEXT, _BINARY), "a value that passed its checksum was made by encode_payload"
    return Payload(tag == _TEXT, value[1:])


def write_value(
    transaction: Transaction, key: bytes, value: bytes, *, had_chunks: bool = True
) -> bool:
    """Sets a value of any size. Returns whether it has chunks now.

    `had_chunks=False` is for a caller who knows that none are stored for this
    key: it saves clearing their range.
    """
    if had_chunks:
        transaction.clear_range(*children(chunks_of(key)))
    size = DEFAULT_LIMITS.store_chunk_bytes_max
    if len(value) <= size:
        transaction.set(key, frame(key, _WHOLE + value))
        return False
    starts = range(0, len(value), size)
    head = _HEAD.pack(_CHUNKED, len(value), len(starts), crc32(value))
    transaction.set(key, frame(key, head))
    prefix = chunks_of(key)
    for number, start in enumerate(starts):
        chunk_key = prefix + pack(number)
        transaction.set(chunk_key, frame(chunk_key, value[start : start + size]))
    return True


def written_bytes_max(key_bytes: int, value_bytes: int) -> int:
    """What `write_value` and `clear_value` add to the size of a transaction: a
    bound that is never too low, also where old chunks have to be cleared."""
    chunk_bytes = DEFAULT_LIMITS.store_chunk_bytes_max
    size = value_bytes + 3 * (key_bytes + _OVERHEAD_BYTES)
    if value_bytes + _OVERHEAD_BYTES > chunk_bytes:
        chunks = (value_bytes + _OVERHEAD_BYTES) // chunk_bytes + 1
        size += chunks * (key_bytes + _OVERHEAD_BYTES)
    return size


def clear_value(transaction: Transaction, key: bytes, *, had_chunks: bool = True) -> None:
    """Removes a value, with its chunks unless the caller knows that there are none."""
    transaction.clear(key)
    if had_chunks:
        transaction.clear_range(*children(chunks_of(key)))


async def read_value(
    transaction: Transaction, key: bytes, *, snapshot: bool = False
) -> bytes | None:
    """The whole value, or None.

    Raises:
        StoredValueCorrupt: a part is damaged, missing, or too many.
        StoreError: what `Transaction.get` raises.
    """
    stored = await transaction.get(key, snapshot=snapshot)
    if stored is None:
        return None
    return await finish_value(transaction, key, stored, snapshot=snapshot)


async def finish_value(
    transaction: Transaction, key: bytes, stored: bytes, *, snapshot: bool = False
) -> bytes:
    """The whole value at `key`, where `stored` was read, as by a range read.

    Raises: as `read_value`.
    """
    head = unframe(key, stored)
    if head[:1] == _WHOLE:
        return head[1:]
    length, count, checksum = _unpack_head(key, head)
    prefix = chunks_of(key)
    begin, end = children(prefix)
    pairs = await transaction.get_range(begin, end, limit=count + 1, snapshot=snapshot)
    if [chunk_key for chunk_key, _ in pairs] != [prefix + pack(n) for n in range(count)]:
        raise _corrupt(key, f"has other chunks than the {count} that its head counts")
    value = b"".join([unframe(chunk_key, chunk) for chunk_key, chunk in pairs])
    if len(value) != length or crc32(value) != checksum:
        raise _corrupt(key, "has chunks that do not belong together")
    return value


def value_bytes(key: bytes, stored: bytes) -> int:
    """The length of the whole value at `key`, where `stored` was read.

    Raises:
        StoredValueCorrupt: it is damaged.
    """
    head = unframe(key, stored)
    return len(head) - 1 if head[:1] == _WHOLE else _unpack_head(key, head)[0]


def _unpack_head(key: bytes, head: bytes) -> tuple[int, int, int]:
    if len(head) != _HEAD.size or head[:1] != _CHUNKED:
        raise _corrupt(key, "has a head of no known form")
    _, length, count, checksum = _HEAD.unpack(head)
    return length, count, checksum


def _corrupt(key: bytes, what: str) -> StoredValueCorrupt:
    name = readable(key)
    return StoredValueCorrupt(f"the value of {name} {what}: restore it from a backup", key=name)

"""Values of any size, under keys that hold 100 KB at most.

A small value is one key, its head. A larger one has only its length and its
checksum in the head, and its bytes in chunks under `chunk_prefix` + (0,), (1,),
and so on. Heads and chunks are framed each on its own.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from kelpie.errors import StoredValueCorrupt
from kelpie.ids import Payload
from kelpie.limits import DEFAULT_LIMITS
from kelpie.store.frame import frame, unframe
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
]

_WHOLE = b"\x00"
_CHUNKED = b"\x01"
_CHUNKS = Struct(">cQII")  # tag, length, number of chunks, CRC-32 of all bytes
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
    transaction: Transaction,
    head_key: bytes,
    chunk_prefix: bytes,
    value: bytes,
    *,
    had_chunks: bool = True,
) -> bool:
    """Sets a value of any size. Returns whether it has chunks now.

    `had_chunks=False` is for a caller who knows that no chunk is stored: it
    saves clearing their range.
    """
    if had_chunks:
        transaction.clear_range(*children(chunk_prefix))
    size = DEFAULT_LIMITS.store_chunk_bytes_max
    if len(value) <= size:
        transaction.set(head_key, frame(head_key, _WHOLE + value))
        return False
    starts = range(0, len(value), size)
    head = _CHUNKS.pack(_CHUNKED, len(value), len(starts), crc32(value))
    transaction.set(head_key, frame(head_key, head))
    for number, start in enumerate(starts):
        key = chunk_prefix + pack(number)
        transaction.set(key, frame(key, value[start : start + size]))
    return True


def clear_value(
    transaction: Transaction, head_key: bytes, chunk_prefix: bytes, *, had_chunks: bool = True
) -> None:
    """Removes a value, with its chunks unless the caller knows that there are none."""
    transaction.clear(head_key)
    if had_chunks:
        transaction.clear_range(*children(chunk_prefix))


async def read_value(
    transaction: Transaction, head_key: bytes, chunk_prefix: bytes, *, snapshot: bool = False
) -> bytes | None:
    """The whole value, or None.

    Raises:
        StoredValueCorrupt: a part is damaged, missing, or too many.
        StoreError: what `Transaction.get` raises.
    """
    stored = await transaction.get(head_key, snapshot=snapshot)
    if stored is None:
        return None
    return await finish_value(transaction, head_key, chunk_prefix, stored, snapshot=snapshot)


async def finish_value(
    transaction: Transaction,
    head_key: bytes,
    chunk_prefix: bytes,
    stored: bytes,
    *,
    snapshot: bool = False,
) -> bytes:
    """The whole value whose head was read as `stored`, as by a range read of heads.

    Raises: as `read_value`.
    """
    head = unframe(head_key, stored)
    if head[:1] == _WHOLE:
        return head[1:]
    _, length, count, checksum = _unpack_head(head_key, head)
    begin, end = children(chunk_prefix)
    pairs = await transaction.get_range(begin, end, limit=count + 1, snapshot=snapshot)
    expected = [chunk_prefix + pack(number) for number in range(count)]
    if [key for key, _ in pairs] != expected:
        raise _corrupt(head_key, f"has other chunks than the {count} that its head counts")
    value = b"".join([unframe(key, chunk) for key, chunk in pairs])
    if len(value) != length or crc32(value) != checksum:
        raise _corrupt(head_key, "has chunks that do not belong together")
    return value


def value_bytes(head_key: bytes, stored: bytes) -> int:
    """The length of the whole value whose head was read as `stored`.

    Raises:
        StoredValueCorrupt: the head is damaged.
    """
    head = unframe(head_key, stored)
    if head[:1] == _WHOLE:
        return len(head) - 1
    return _unpack_head(head_key, head)[1]


def _unpack_head(head_key: bytes, head: bytes) -> tuple[bytes, int, int, int]:
    if len(head) != _CHUNKS.size or head[:1] != _CHUNKED:
        raise _corrupt(head_key, "has a head of no known form")
    tag, length, count, checksum = _CHUNKS.unpack(head)
    return tag, length, count, checksum


def _corrupt(head_key: bytes, what: str) -> StoredValueCorrupt:
    name = readable(head_key)
    return StoredValueCorrupt(f"the value of {name} {what}: restore it from a backup", key=name)

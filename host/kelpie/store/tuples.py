"""Tuples as keys: the order of the encoded bytes is the order of the tuples.

The encoding is that of FoundationDB's tuple layer, for the elements that Kelpie
needs: bytes, str, and integers of up to 64 bits. Elements of different types
are ordered bytes, then str, then integers.
"""

from __future__ import annotations

__all__ = [
    "Element",
    "after",
    "children",
    "escape",
    "pack",
    "prefixed",
    "readable",
    "unescape",
    "unpack",
]

Element = bytes | str | int

_BYTES = 0x01
_STR = 0x02
_ZERO = 0x14  # integers of n bytes have the codes _ZERO - n and _ZERO + n
_INTEGER_BYTES_MAX = 8


def escape(value: bytes) -> bytes:
    """`value` such that a single NUL behind it ends it and keeps its order.

    It has at most twice the bytes: each NUL becomes two.
    """
    return value.replace(b"\0", b"\0\xff")


def unescape(value: bytes) -> bytes:
    """What was given to `escape`."""
    return value.replace(b"\0\xff", b"\0")


def pack(*elements: Element) -> bytes:
    """The tuple of `elements` as one key.

    Raises:
        OverflowError: an integer has more than 64 bits.
    """
    return b"".join(map(_pack_one, elements))


def _pack_one(element: Element) -> bytes:
    if isinstance(element, bytes):
        return b"\x01" + escape(element) + b"\0"
    if isinstance(element, str):
        return b"\x02" + escape(element.encode()) + b"\0"
    if element == 0:
        return b"\x14"
    size = (abs(element).bit_length() + 7) // 8
    if size > _INTEGER_BYTES_MAX:
        raise OverflowError(f"{element} has more than 64 bits")
    if element > 0:
        return bytes((_ZERO + size,)) + element.to_bytes(size, "big")
    # The complement of the magnitude, so that a smaller number has smaller bytes.
    return bytes((_ZERO - size,)) + (element + (1 << 8 * size) - 1).to_bytes(size, "big")


def unpack(key: bytes) -> tuple[Element, ...]:
    """The elements of a key that `pack` made.

    Raises:
        ValueError: `pack` did not make it.
    """
    elements: list[Element] = []
    position = 0
    while position < len(key):
        element, position = _unpack_one(key, position)
        elements.append(element)
    return tuple(elements)


def _unpack_one(key: bytes, position: int) -> tuple[Element, int]:
    code = key[position]
    position += 1
    if code in (_BYTES, _STR):
        end = _end_of_string(key, position)
        content = unescape(key[position:end])
        return (content if code == _BYTES else content.decode()), end + 1
    size = code - _ZERO
    end = position + abs(size)
    if abs(size) > _INTEGER_BYTES_MAX or end > len(key):
        raise ValueError(f"no tuple: code {code} at byte {position - 1} of {key!r}")
    number = int.from_bytes(key[position:end], "big")
    if size < 0:
        number -= (1 << 8 * -size) - 1
    return number, end


def _end_of_string(key: bytes, position: int) -> int:
    """Where the NUL is that ends the string beginning at `position`."""
    while True:
        position = key.find(b"\0", position)
        if position < 0:
            raise ValueError(f"no tuple: a string without end in {key!r}")
        if key[position + 1 : position + 2] != b"\xff":
            return position
        position += 2


def children(prefix: bytes) -> tuple[bytes, bytes]:
    """The range of the tuples that begin with the packed tuple `prefix` and are longer."""
    return prefix + b"\0", prefix + b"\xff"


def prefixed(prefix: bytes) -> tuple[bytes, bytes]:
    """The range of the keys that begin with the bytes of `prefix`, itself included.

    Raises:
        ValueError: nothing lies behind such keys, for it is empty or all 0xff.
    """
    stem = prefix.rstrip(b"\xff")
    if not stem:
        raise ValueError("a prefix needs a byte other than 0xff")
    return prefix, stem[:-1] + bytes((stem[-1] + 1,))


def after(key: bytes) -> bytes:
    """The first key behind `key`."""
    return key + b"\0"


def readable(key: bytes) -> str:
    """A key for people: its elements with slashes between, or else its bytes."""
    try:
        elements = unpack(key)
    except ValueError:
        return repr(key)
    return "/".join(str(each) if isinstance(each, int) else _shown(each) for each in elements)


def _shown(element: bytes | str) -> str:
    text = ascii(element)
    if isinstance(element, str) and text[1:-1] == element and "/" not in element:
        return element
    return text

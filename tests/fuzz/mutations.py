"""WebAssembly that was sound, with something done to it."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["mutated"]

Mutation = Callable[[random.Random, bytearray, list[bytes]], None]

_HEADER_BYTES = 8
_AT_ONCE_MAX = 6
_PIECE_BYTES_MAX = 200
_INTERESTING = [0x00, 0x01, 0x0B, 0x40, 0x60, 0x70, 0x7F, 0x80, 0xFE, 0xFF]


def mutated(chance: random.Random, bases: list[bytes]) -> bytes:
    """One of the bases with some mutations."""
    body = bytearray(chance.choice(bases))
    for _ in range(chance.choice([1, 1, 1, 2, 3, _AT_ONCE_MAX])):
        if body:
            chance.choice(_MUTATIONS)(chance, body, bases)
    return bytes(body)


def _flip(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    body[_place(chance, body)] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    body[_place(chance, body)] = chance.choice(_INTERESTING)


def _add(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    """A number becomes a little larger or smaller: a length or an index."""
    at = _place(chance, body)
    body[at] = (body[at] + chance.choice([-2, -1, 1, 2])) % 256


def _enlarge(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    """A number becomes as large as one of 32 bits can be."""
    at = _place(chance, body)
    body[at : at + 1] = b"\xff\xff\xff\xff\x0f"


def _insert(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    at = _place(chance, body)
    body[at:at] = chance.randbytes(chance.randint(1, 8))


def _remove(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    at, size = _piece(chance, body)
    del body[at : at + size]


def _repeat(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    at, size = _piece(chance, body)
    body[at:at] = body[at : at + size] * chance.randint(1, 4)


def _move(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    at, size = _piece(chance, body)
    piece = body[at : at + size]
    del body[at : at + size]
    to = _place(chance, body) if body else 0
    body[to:to] = piece


def _cut(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    del body[_place(chance, body) :]


def _splice(chance: random.Random, body: bytearray, bases: list[bytes]) -> None:
    """Goes on as another one."""
    other = chance.choice(bases)
    at = _place(chance, body)
    body[at:] = other[min(at, len(other)) :]


def _sections(body: bytearray) -> list[tuple[int, int]]:
    """Where the sections of the outermost module or component begin and end."""
    found, at = [], _HEADER_BYTES
    while at < len(body):
        begin, size, shift = at, 0, 0
        at += 1
        while at < len(body):
            size |= (body[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not body[at - 1] & 0x80 or shift > 28:
                break
        at = min(at + size, len(body))
        found.append((begin, at))
    return found


def _remove_section(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    if found := _sections(body):
        begin, end = chance.choice(found)
        del body[begin:end]


def _repeat_section(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    if found := _sections(body):
        begin, end = chance.choice(found)
        to = chance.choice(found)[0]
        body[to:to] = body[begin:end] * chance.choice([1, 1, 2, 20])


def _add_custom_section(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    """What nobody needs to understand: the whole stays sound."""
    content = b"\x03any" + chance.randbytes(chance.randint(0, 100))
    body += b"\x00" + bytes([len(content)]) + content


def _text(chance: random.Random, body: bytearray, _bases: list[bytes]) -> None:
    """In the manifest, or a name: letters become other letters, quotes or braces."""
    places = [at for at, byte in enumerate(body) if 0x20 <= byte < 0x7F]
    for at in chance.sample(places, min(len(places), 3)):
        body[at] = chance.choice(b'"{}[]:,\\aeiou019- ')


def _place(chance: random.Random, body: bytearray) -> int:
    return chance.randrange(len(body))


def _piece(chance: random.Random, body: bytearray) -> tuple[int, int]:
    return _place(chance, body), chance.randint(1, _PIECE_BYTES_MAX)


_MUTATIONS: list[Mutation] = [
    _flip,
    _flip,
    _set,
    _add,
    _add,
    _enlarge,
    _insert,
    _remove,
    _repeat,
    _move,
    _cut,
    _splice,
    _remove_section,
    _repeat_section,
    _add_custom_section,
    _text,
]

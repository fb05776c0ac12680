"""Expands the adapter's template into the text format of WebAssembly.

Lines that begin with @ stand for what the text format has no short way to say:

    @include FILE               that file, expanded
    @text "..."                 calls of `$put` that write this text, 8 bytes each
    @unsupported NAME PARAMS    an exported function that is refused, and says so once
    @global NAME COUNT          so many mutable numbers, NAME0 and so on
    @locals NAME COUNT          the same as locals
    @seed LOW HIGH              8 random bytes of the host into two globals
    @set-block, @quarter A B C D, @put-block
                                ChaCha20: its state, a quarter round, its output
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["expand"]

# "expand 32-byte k", as RFC 8439 has it.
_CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
_ENOTSUP = 58
_WARN = 2


def expand(template: Path, version: str) -> str:
    """The module's text, against this version of the contract."""
    return "\n".join(_Expansion(template.parent).lines_of(template.name)).replace(
        "{version}", version
    )


class _Expansion:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unsupported = 0

    def lines_of(self, name: str) -> Iterator[str]:
        for line in (self._folder / name).read_text().splitlines():
            word, _, rest = line.strip().partition(" ")
            if not word.startswith("@"):
                yield line
            elif word == "@include":
                yield from self.lines_of(rest)
            elif word == "@unsupported":
                yield from self._refuse(*rest.split())
            else:
                yield from _EXPANSIONS[word](*_arguments(word, rest))

    def _refuse(self, name: str, *parameters: str) -> Iterator[str]:
        bit = 1 << self._unsupported
        self._unsupported += 1
        if bit == 1:
            yield "(global $refused (mut i64) (i64.const 0))"
        yield f'(func (export "{name}") (param {" ".join(parameters)}) (result i32)'
        yield f"(if (i64.eqz (i64.and (global.get $refused) (i64.const {bit}))) (then"
        yield "(if (call $may_log) (then"
        yield f"(global.set $refused (i64.or (global.get $refused) (i64.const {bit})))"
        yield "(call $borrow)"
        yield from _text(f"{name} is not supported: an actor has no files, sockets or processes")
        yield f"(call $say (i32.const {_WARN}))))))"
        yield f"(i32.const {_ENOTSUP}))"


def _arguments(word: str, rest: str) -> list[str]:
    if word == "@text":
        return [rest.removeprefix('"').removesuffix('"')]
    return rest.split()


def _text(text: str) -> Iterator[str]:
    content = text.encode()
    for begin in range(0, len(content), 8):
        piece = content[begin : begin + 8]
        number = int.from_bytes(piece, "little")
        yield f"(call $put (i64.const {number}) (i32.const {len(piece)}))"


def _global(name: str, count: str) -> Iterator[str]:
    for index in range(int(count)):
        yield f"(global ${name}{index} (mut i32) (i32.const 0))"


def _locals(name: str, count: str) -> Iterator[str]:
    for index in range(int(count)):
        yield f"(local ${name}{index} i32)"


def _seed(low: str, high: str) -> Iterator[str]:
    yield "(global.set $drawn (call $host_u64))"
    yield f"(global.set ${low} (i32.wrap_i64 (global.get $drawn)))"
    yield f"(global.set ${high} (i32.wrap_i64 (i64.shr_u (global.get $drawn) (i64.const 32))))"


def _state() -> list[str]:
    """The sixteen words from which a block begins."""
    counter = "(global.get $block)"
    return [
        *(f"(i32.const {word})" for word in _CONSTANTS),
        *(f"(global.get $k{index})" for index in range(8)),
        f"(i32.wrap_i64 {counter})",
        f"(i32.wrap_i64 (i64.shr_u {counter} (i64.const 32)))",
        "(i32.const 0)",
        "(i32.const 0)",
    ]


def _set_block() -> Iterator[str]:
    for index, word in enumerate(_state()):
        yield f"(local.set $x{index} {word})"


def _put_block() -> Iterator[str]:
    for index, word in enumerate(_state()):
        yield f"(call $put_word (i32.add (local.get $x{index}) {word}))"


def _quarter(*places: str) -> Iterator[str]:
    a, b, c, d = (f"$x{place}" for place in places)
    for into, more, mixed, rotation in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        yield f"(local.set {into} (i32.add (local.get {into}) (local.get {more})))"
        different = f"(i32.xor (local.get {mixed}) (local.get {into}))"
        yield f"(local.set {mixed} (i32.rotl {different} (i32.const {rotation})))"


_EXPANSIONS = {
    "@text": _text,
    "@global": _global,
    "@locals": _locals,
    "@seed": _seed,
    "@set-block": _set_block,
    "@put-block": _put_block,
    "@quarter": _quarter,
}

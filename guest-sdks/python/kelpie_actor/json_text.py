"""JSON, read strictly: what is ambiguous or no JSON is refused, not guessed at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import encoder, scanner
from typing import Any

__all__ = ["DEPTH_MAX", "JsonError", "as_text", "check_text", "read_json", "write_json"]

DEPTH_MAX = 128
"""Levels of arrays and objects within each other."""
# Two brackets to a level: what is shorter cannot be nested deeper.
_FLAT_CHARACTERS_MAX = 2 * DEPTH_MAX


class JsonError(ValueError):
    """A text is not JSON, or not such as everybody would read in the same way."""


class _TooLarge(Exception):
    """A number has no place in a float."""


def _finite(written: str) -> float:
    number = float(written)
    if number in (_INFINITY, -_INFINITY):
        raise _TooLarge
    return number


def _whole(written: str) -> float:
    try:
        return int(written)
    except ValueError:
        # It has more digits than Python reads.
        return _INFINITY


def _no_constant(written: str) -> float:
    raise JsonError(f"{written} is no number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(f"the member {twice!r} is there twice")
    return found


_INFINITY = float("inf")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_AS_SQUARE = str.maketrans("{}", "[]")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[\[\]{}]', re.DOTALL)
_lenient = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
_careful = json.JSONDecoder(
    parse_float=_finite, parse_constant=_no_constant, object_pairs_hook=_unique
)
_without_limits = json.JSONDecoder(
    parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_unique
)
_scan: Callable[[str, int], tuple[Any, int]] = scanner.make_scanner(_lenient)  # type: ignore[arg-type]


def read_json(text: str) -> Any:
    """The value of `text`.

    Raises:
        JsonError: it is no JSON; a member is there twice; a number is not finite; half
            a character is escaped; or it is nested deeper than `DEPTH_MAX`.
    """
    if len(text) > _FLAT_CHARACTERS_MAX:
        _check_depth(text)
    try:
        value, end = _scan(text, 0)
    except (StopIteration, ValueError, _TooLarge):
        return _read_carefully(text)
    # As many colons as members: then none was there twice. More of them may also stand
    # in strings or deeper, which is for the careful reader to find out.
    members = len(value) if type(value) is dict else 0
    if end != len(text) or text.count(":") != members or "\\u" in text:
        return _read_carefully(text)
    return value


def _read_carefully(text: str) -> Any:
    try:
        value, to_check = _decoded(text)
    except json.JSONDecodeError as error:
        member = _member_at(text, error.pos)
        raise JsonError(f"{member}this is not JSON: {error}") from error
    if to_check:
        _check(value, "")
    return value


def _decoded(text: str) -> tuple[Any, bool]:
    """The value, and whether something may be in it that is still to be refused."""
    try:
        return _careful.decode(text), "\\u" in text
    except (json.JSONDecodeError, JsonError):
        raise
    except (_TooLarge, ValueError):
        # A number: once more, to say where it is.
        return _without_limits.decode(text), True


def _check_depth(text: str) -> None:
    """Refuses what is nested too deep before anyone descends into it.

    Without its strings a text is brackets, and each round takes the innermost away.
    """
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    brackets = _NO_BRACKETS.sub("", _STRING.sub("", text)).translate(_AS_SQUARE)
    for _ in range(DEPTH_MAX):
        fewer = brackets.replace("[]", "")
        if fewer == brackets:
            # Brackets without their like, if any: no JSON, but still to be read.
            left_max = DEPTH_MAX
            break
        brackets = fewer
    else:
        left_max = 0
    if brackets.count("[") > left_max:
        raise JsonError(f"this is nested deeper than {DEPTH_MAX} levels")


def _member_at(text: str, place: int) -> str:
    """The outermost member within which this place of a broken text is, and a colon."""
    depth, member = 0, ""
    for found in _TOKEN.finditer(text, 0, place):
        if found[0] in "[]{}":
            depth += 1 if found[0] in "[{" else -1
        elif found[2] and depth == 1:
            member = found[1][1:-1] + ": "
    return member


def _check(value: object, where: str) -> None:
    """Refuses halves of characters, which JSON can escape and UTF-8 cannot carry, and
    numbers that are too large."""
    if isinstance(value, float):
        if value in (_INFINITY, -_INFINITY):
            raise JsonError(f"{where} is too large a number" if where else "too large a number")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            at = f"{where} has" if where else "there is"
            raise JsonError(f"{at} half a character in it, escaped with \\u") from None
    elif isinstance(value, dict):
        for name, each in value.items():
            _check(name, f"a name in {where}" if where else "a name")
            _check(each, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _check(each, f"{where}[{index}]")


def _no_json(value: object) -> object:
    raise TypeError(
        f"{type(value).__name__} is no JSON value: state its type in a type hint instead of Any"
    )


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_no_json
).encode


def write_json(value: object) -> str:
    """`value` in JSON, without spaces.

    Raises:
        TypeError, ValueError: it has something in it that JSON has not.
    """
    return _encode(value)


def check_text(text: str) -> str:
    """`text`, if UTF-8 can carry it.

    Raises:
        ValueError: it has half a character in it.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("a string has half a character (a lone surrogate) in it") from None
    return text


as_text: Callable[[str], str] = encoder.encode_basestring
"""A string in JSON, with its quotes."""

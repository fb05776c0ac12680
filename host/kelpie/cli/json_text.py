"""JSON whose numbers stay as they were written: what an actor has stored may have
more digits than a float, and is its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

__all__ = ["check_json", "json_text", "read_json"]


class _Digits(str):
    """A number, as it was written."""

    __slots__ = ()


def read_json(text: str | bytes) -> Any:
    """What it says, with its numbers as texts that `json_text` writes as they are.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(text, parse_int=_Digits, parse_float=_Digits)


def check_json(text: str | bytes) -> None:
    """Raises:
    ValueError: it is no JSON, or nested too deep to tell.
    """
    try:
        # Numbers are not converted: they may have any number of digits.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deep to tell") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def json_text(value: object, *, indent: int | None = None, ascii_only: bool = True) -> str:
    """As `json.dumps`, on one line or with `indent` spaces for each level."""
    return "".join(_pieces(value, indent, "\n", ascii_only))


def _pieces(value: object, indent: int | None, line: str, ascii_only: bool) -> Iterator[str]:
    if isinstance(value, _Digits):
        yield str(value)
    elif isinstance(value, dict) and value:
        members = (
            (f"{json.dumps(name, ensure_ascii=ascii_only)}: ", member)
            for name, member in value.items()
        )
        yield from _within("{}", members, indent, line, ascii_only)
    elif isinstance(value, list | tuple) and value:
        yield from _within("[]", (("", member) for member in value), indent, line, ascii_only)
    else:
        yield json.dumps(value, ensure_ascii=ascii_only)


def _within(
    brackets: str,
    members: Iterator[tuple[str, object]],
    indent: int | None,
    line: str,
    ascii_only: bool,
) -> Iterator[str]:
    below = line + " " * (indent or 0)
    begin, between, end = ("", ", ", "") if indent is None else (below, f",{below}", line)
    yield brackets[0]
    for at, (name, member) in enumerate(members):
        yield between if at else begin
        yield name
        yield from _pieces(member, indent, below, ascii_only)
    yield end
    yield brackets[1]

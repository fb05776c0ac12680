"""One line of many: which actor is to do what, and what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from kelpie.api.asked import Asked
from kelpie.api.problem import problem_of
from kelpie.api.views import value_members
from kelpie.errors import InvalidRequest, InvalidText, KelpieError
from kelpie.ids import Payload

__all__ = ["TurnLine", "error_line", "parse_turn_line", "reply_line"]

_NEEDED = ("kind", "key", "operation")
_KNOWN = (*_NEEDED, "argument", "id")
_OK = 200
_space = re.compile(r"[ \t\r\n]*")


class TurnLine(NamedTuple):
    """What a line asks for. `argument` is JSON, as it stands there."""

    kind: str
    key: str
    operation: str
    argument: bytes | None
    id: str | None


def parse_turn_line(line: bytes) -> TurnLine:
    """
    Raises:
        InvalidText: it is not UTF-8.
        InvalidRequest: it is no JSON object with the members of a line.
    """
    try:
        members = _members(line.decode())
    except UnicodeDecodeError as error:
        raise InvalidText(f"the line is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the line is no JSON object: {error}") from None
    argument = members.pop("argument", None)
    for name, (value, _) in members.items():
        if name not in _KNOWN:
            raise InvalidRequest(
                f"the line has a member {name[:80]!a}: there are {', '.join(_KNOWN)}"
            )
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} of the line is not a string")
    if missing := [name for name in _NEEDED if name not in members]:
        raise InvalidRequest(f"the line has no {' and no '.join(missing)}")
    given = {name: value for name, (value, _) in members.items()}
    if not given["operation"]:
        raise InvalidRequest("operation of the line is empty")
    return TurnLine(
        given["kind"],
        given["key"],
        given["operation"],
        None if argument is None else argument[1].encode(),
        given.get("id"),
    )


def reply_line(index: int, request_id: str, reply: Payload) -> bytes:
    """What a turn replied, as a line."""
    # Within JSON an end of line is nothing but space.
    members = value_members(reply).replace(b"\n", b" ")
    return b"%b, %b}\n" % (_head(index, _OK, request_id), members)


def error_line(index: int | None, asked: Asked | None, error: KelpieError) -> bytes:
    """Why there was no reply, as a line; without `index` why no more lines are read."""
    request_id, trace_id = (None, None) if asked is None else (asked.request_id, asked.trace_id)
    problem = problem_of(error, trace_id)
    return b'%b, "problem": %b}\n' % (_head(index, problem.status, request_id), problem.body)


def _head(index: int | None, status: int, request_id: str | None) -> bytes:
    """How an answer begins; more members follow."""
    return json.dumps({"index": index, "status": status, "id": request_id})[:-1].encode()


def _members(text: str) -> dict[str, tuple[Any, str]]:
    """The members of an object: each value, and as it stands there."""
    found: dict[str, tuple[Any, str]] = {}
    for name, value, raw in _walk(text):
        if name in found:
            raise ValueError(f"it has {name[:80]!a} twice")
        found[name] = (value, raw)
    return found


def _walk(text: str) -> Iterator[tuple[str, Any, str]]:
    at = _behind(text, 0, "{")
    if text[at : at + 1] == "}":
        at += 1
    else:
        mark = ","
        while mark == ",":
            if text[at : at + 1] != '"':
                raise ValueError(f"at character {at} there is no member")
            name, at = _decoder.raw_decode(text, at)
            begin = _behind(text, at, ":")
            value, at = _decoder.raw_decode(text, begin)
            yield name, value, text[begin:at]
            at = _skip(text, at)
            mark = text[at : at + 1]
            at = _skip(text, at + 1)
        if mark != "}":
            raise ValueError(f"at character {at} it neither goes on nor ends")
    if _skip(text, at) != len(text):
        raise ValueError(f"there is more behind it, at character {at}")


def _behind(text: str, at: int, mark: str) -> int:
    """Where it goes on behind a mark that must be next."""
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"at character {at} there is no {mark!r}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    """Where it goes on behind white space."""
    found = _space.match(text, at)
    return at if found is None else found.end()


def _number(_digits: str) -> int:
    """Numbers count as they stand there: what they come to is for the actor."""
    return 0


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse)

"""What may be given to an option, checked while the command line is read.

Each takes what was given and returns what it means, or raises ArgumentTypeError
with what to write instead.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from kelpie.access.secret import SECRET_LENGTH, is_well_formed
from kelpie.api.http_client.origin import origin_of
from kelpie.errors import InvalidAddress
from kelpie.ids import check_name
from kelpie.limits import DEFAULT_LIMITS

__all__ = [
    "DEFAULT_PORT",
    "DEFAULT_URL",
    "VALUE_ON_THE_COMMAND_LINE",
    "actor",
    "assignment",
    "count",
    "host",
    "hosts",
    "kind",
    "kind_or_actor",
    "one_of",
    "port",
    "duration_s",
    "secret_name",
    "text",
    "token",
    "turns",
    "url",
    "whole",
    "yes_or_no",
]

DEFAULT_PORT = 7070
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"

# What to say of it, in place of what it was.
VALUE_ON_THE_COMMAND_LINE = (
    "a value does not belong on the command line, where other users of the machine can see it: "
    "give the name alone, and the value on stdin, as in `kelpie secret KIND set NAME < FILE`"
)

_LABEL_LENGTH_MAX = 63
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_PORT_DIGITS_MAX = 5
_WHOLE_DIGITS_MAX = 18
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def port(given: str) -> int:
    is_number = given.isascii() and given.isdigit() and len(given) <= _PORT_DIGITS_MAX
    if not is_number or int(given) >= 1 << 16:
        raise ArgumentTypeError(f"{given!r} is no port: use 0 to 65535")
    return int(given)


def whole(given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise ArgumentTypeError(f"{given!r} is no whole number of 0 or more")
    if len(given) > _WHOLE_DIGITS_MAX:
        raise ArgumentTypeError(f"{given[:20]!r}... is too large: {_WHOLE_DIGITS_MAX} digits fit")
    return int(given)


def count(given: str) -> int:
    number = whole(given)
    if number == 0:
        raise ArgumentTypeError("it must be at least 1")
    return number


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """A check that it is one of the names."""

    def check(given: str) -> str:
        if given not in names:
            raise ArgumentTypeError(f"{given!a} is none of {', '.join(names)}")
        return given

    return check


def kind(given: str) -> str:
    """A name that a kind may have."""
    try:
        check_name("kind", text(given), DEFAULT_LIMITS)
    except InvalidAddress as error:
        raise ArgumentTypeError(error.message) from None
    return given


def actor(given: str) -> tuple[str, str]:
    """Kind and key."""
    kind, _, key = text(given).partition("/")
    if not key:
        raise ArgumentTypeError(f"{given!r} names no actor: write KIND/KEY, as in counter/alice")
    return kind, key


def turns(given: str) -> tuple[int | None, int | None]:
    """The first and the last one, of which one may be left out."""
    first, dots, last = given.partition("..")
    if not dots:
        return count(first), count(first)
    begin, end = (count(each) if each else None for each in (first, last))
    if begin is not None and end is not None and begin > end:
        raise ArgumentTypeError(f"{given!r} ends before it begins")
    return begin, end


def kind_or_actor(given: str) -> tuple[str, str | None]:
    """Kind, and key if one is given."""
    return actor(given) if "/" in given else (text(given), None)


def assignment(given: str) -> tuple[str, str]:
    """Name and value."""
    name, equals, value = text(given).partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"{given!r} sets nothing: write NAME=VALUE, as in COLOR=red")
    return name, value


def secret_name(given: str) -> str:
    """It is never repeated if there is a value with it."""
    if "=" in given:
        raise ArgumentTypeError(VALUE_ON_THE_COMMAND_LINE)
    return text(given)


def text(given: str) -> str:
    """The system hands on bytes that are no UTF-8 as lone surrogates."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError(f"{given!a} is not UTF-8") from None
    return given


def token(given: str) -> str:
    """It is never repeated: it may be a real one with a slip in it."""
    if not is_well_formed(given):
        raise ArgumentTypeError(
            f"this is no token: one begins with kelpie_ and has {SECRET_LENGTH} characters"
        )
    return given


def yes_or_no(given: str) -> bool:
    if given not in {"true", "false"}:
        raise ArgumentTypeError(f"{given!a} is neither true nor false")
    return given == "true"


def duration_s(given: str) -> int:
    """A time as in 90s, 15m, 12h or 30d, in seconds."""
    unit_s = _UNITS_S.get(given[-1:])
    if unit_s is None:
        raise ArgumentTypeError(f"{given!a} is no time: write it as in 12h or 30d")
    return count(given[:-1]) * unit_s


def host(given: str) -> str:
    # What checks all others takes long to import.
    if len(given) <= _LABEL_LENGTH_MAX and _HOST_NAME.fullmatch(given):
        return given
    try:
        given.encode("idna")
    except UnicodeError:
        raise ArgumentTypeError(f"{given!a} is no host's name or address") from None
    return given


def hosts(given: str) -> str:
    """Names with commas between them."""
    for name in given.split(","):
        if not _HOST_NAME.fullmatch(name):
            raise ArgumentTypeError(
                f"{name!a} is no name of a host: write NAME, or NAME,NAME, without ports"
            )
    return given


def url(given: str) -> str:
    try:
        # A port 0 is the scheme's own to whoever asks, and surely not what was meant.
        is_url = urlsplit(given).port != 0 and bool(host(origin_of(given).host))
    except (ValueError, ArgumentTypeError):
        is_url = False
    if not is_url:
        raise ArgumentTypeError(f"{given!a} is no host's URL: write {DEFAULT_URL}")
    return given

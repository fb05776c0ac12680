"""Grants: which interfaces of the contract a kind may import."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from kelpie.errors import ImportsNotGranted, InvalidRequest
from kelpie.wasm.contract import IMPORTS, interfaces

__all__ = ["ALL", "check_granted", "granted", "parse_grant"]

ALL = "all"
NONE = "none"


def parse_grant(given: str) -> tuple[str, ...]:
    """What a deploy is asked to grant: names of interfaces with commas between
    them, or `all`, or `none`. In the contract's order.

    Raises:
        InvalidRequest: a name is no interface's, or there is none.
    """
    names = [each.strip() for each in given.split(",") if each.strip()]
    if not names:
        raise InvalidRequest("the grant is empty: name interfaces, as in state,kv, or all, or none")
    if names in ([ALL], [NONE]):
        return (ALL,) if names == [ALL] else ()
    for name in names:
        if name in (ALL, NONE):
            raise InvalidRequest(f"{name!r} stands alone: grant either that or interfaces by name")
        if name not in IMPORTS:
            raise InvalidRequest(f"there is no import {name[:80]!a} to grant{_hint(name)}")
    return tuple(each for each in IMPORTS if each in names)


def granted(
    asked: tuple[str, ...] | None, before: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """The grants of a deploy that is asked to grant this, or does not say, after
    one with these. None is everything that the component imports."""
    if asked is None:
        return before
    return None if asked == (ALL,) else asked


def check_granted(kind: str, imports: Iterable[str], grants: tuple[str, ...] | None) -> None:
    """
    Raises:
        ImportsNotGranted: it imports more than that.
    """
    if grants is None:
        return
    missing = [each for each in interfaces(imports) if each not in grants]
    if missing:
        raise ImportsNotGranted(
            f"it imports {', '.join(missing)}, and {kind!r} is granted only "
            f"{', '.join(grants) or 'nothing'}: grant more (--grant, ?grant=), or build it without",
            missing=missing,
            granted=list(grants),
        )


def _hint(name: str) -> str:
    near = get_close_matches(name, (*IMPORTS, ALL, NONE), n=1)
    return (
        f": did you mean {near[0]!r}?"
        if near
        else f": there are {', '.join(IMPORTS)}, all and none"
    )

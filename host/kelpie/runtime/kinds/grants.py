"""Grants: which interfaces of the contract a kind may import, and which other
namespaces it may send messages to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from kelpie.errors import ImportsNotGranted, InvalidAddress, InvalidRequest
from kelpie.ids import Address, check_name
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.contract import IMPORTS, interfaces

__all__ = [
    "ALL",
    "MayReach",
    "anywhere",
    "beyond",
    "check_granted",
    "check_widened",
    "granted",
    "listed",
    "parse_grant",
    "why_out_of_reach",
]

ALL = "all"
NONE = "none"
_MESSAGING = "messaging"
_TO = f"{_MESSAGING}:"
"""Before the name of another namespace: its actors may be called and sent to."""

MayReach = Callable[[str], object]
"""Raises if whoever asks may not let a kind send messages to this namespace."""


def parse_grant(given: str) -> tuple[str, ...]:
    """What a deploy is asked to grant: names of interfaces with commas between
    them, or `all`, or `none`; and `messaging:` with another namespace's name, as
    often as there are such. Interfaces in the contract's order come first.

    Raises:
        InvalidRequest: a name is no interface's, or there is none.
    """
    parts = [each.strip() for each in given.split(",") if each.strip()]
    if not parts:
        raise InvalidRequest("the grant is empty: name interfaces, as in state,kv, or all, or none")
    others = tuple(sorted({each for each in parts if each.startswith(_TO)}))
    for each in others:
        _check_namespace(each)
    names = [each for each in parts if each not in others]
    if names in ([ALL], [NONE]):
        if names == [NONE] and others:
            raise InvalidRequest(f"{NONE!r} stands alone: {others[0]!r} is something")
        return (ALL, *others) if names == [ALL] else ()
    if others:
        names.append(_MESSAGING)
    for name in names:
        if name in (ALL, NONE):
            raise InvalidRequest(f"{name!r} stands alone: grant either that or interfaces by name")
        if name not in IMPORTS:
            raise InvalidRequest(f"there is no import {name[:80]!a} to grant{_hint(name)}")
    return (*(each for each in IMPORTS if each in names), *others)


def beyond(grants: tuple[str, ...] | None) -> list[str]:
    """The other namespaces that these grants let a kind send messages to."""
    return [each.removeprefix(_TO) for each in grants or () if each.startswith(_TO)]


def anywhere(_namespace: str) -> None:
    """Of whoever may let a kind send messages to any namespace."""


def check_widened(
    before: tuple[str, ...] | None, after: tuple[str, ...] | None, may_reach: MayReach
) -> None:
    """Asks of each namespace that is in reach with the latter grants, and not with the
    former.

    Raises: what `may_reach` does.
    """
    for each in beyond(after):
        if each not in beyond(before):
            may_reach(each)


def why_out_of_reach(
    sender: Address, grants: tuple[str, ...] | None, target: Address
) -> str | None:
    """Why an actor of a kind with these grants may send no message to the target;
    None if it may."""
    if target.namespace == sender.namespace or target.namespace in beyond(grants):
        return None
    return (
        f"{sender} may not reach {target}, which is in another namespace: deploy "
        f"{sender.kind!r} with --grant all,{_TO}{target.namespace}, or have it stay in its own"
    )


def granted(
    asked: tuple[str, ...] | None, before: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """The grants of a deploy that is asked to grant this, or does not say, after
    one with these. None is everything that the component imports."""
    if asked is None:
        return before
    return None if asked == (ALL,) else asked


def listed(grants: tuple[str, ...] | None) -> str:
    """These grants, for people, as one would ask for them."""
    return ALL if grants is None else ", ".join(grants) or NONE


def check_granted(kind: str, imports: Iterable[str], grants: tuple[str, ...] | None) -> None:
    """
    Raises:
        ImportsNotGranted: it imports more than that.
    """
    if grants is None or ALL in grants:
        return
    missing = [each for each in interfaces(imports) if each not in grants]
    if missing:
        raise ImportsNotGranted(
            f"it imports {', '.join(missing)}, and {kind!r} is granted "
            f"{f'only {listed(grants)}' if grants else 'nothing'}: grant more (--grant, "
            "?grant=), or build it without",
            missing=missing,
            granted=list(grants),
        )


def _check_namespace(grant: str) -> None:
    """Raises:
    InvalidRequest
    """
    try:
        check_name("namespace", grant.removeprefix(_TO), DEFAULT_LIMITS)
    except InvalidAddress as error:
        raise InvalidRequest(f"{grant[:80]!a} grants nothing: {error.message}") from None


def _hint(name: str) -> str:
    near = get_close_matches(name, (*IMPORTS, ALL, NONE), n=1)
    return (
        f": did you mean {near[0]!r}?"
        if near
        else f": there are {', '.join(IMPORTS)}, all and none"
    )

"""The head of a bundle: of whom it is, and under which limits its turns ran."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any, NamedTuple

from kelpie.errors import BundleInvalid
from kelpie.ids import Address
from kelpie.journal.sums import altered_member, sum_of
from kelpie.limits import Limits

__all__ = ["Head", "limits_told", "packed_head", "read_head"]

_SUMS = "sums"


class Head(NamedTuple):
    """What a bundle is of."""

    actor: str
    namespace: str
    host_version: str
    engine_version: str
    exported_at_ns: int
    limits: dict[str, int]
    """Those of the host under which the turns ran."""

    def is_of(self, address: Address) -> bool:
        """Whether it says that it is of this actor."""
        return (self.namespace, self.actor) == (address.namespace, f"{address.kind}/{address.key}")

    def limits_under(self, most: Limits) -> Limits:
        """Those limits, as far as this host allows as much."""
        known = {each.name for each in fields(most)}
        told = {
            name: min(value, getattr(most, name))
            for name, value in self.limits.items()
            if name in known
        }
        return replace(most, **told)


def limits_told(limits: Limits) -> dict[str, int]:
    """As a head has them."""
    told: dict[str, int] = asdict(limits)
    return told


def packed_head(head: Head) -> bytes:
    """As JSON, with a checksum of each member, and of each limit."""
    told = head._asdict()
    sums = {name: sum_of(packed) for name, packed in _members(told).items()}
    return json.dumps({**told, _SUMS: sums}).encode()


def read_head(body: bytes, *, has_sums: bool) -> Head:
    """
    Args:
        has_sums: whether it is of a version that has them.

    Raises:
        BundleInvalid: it is none, or a member of it was altered: that is named.
    """
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"its head is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BundleInvalid("its head does not say what it is of")
    if has_sums:
        _check_sums(found)
    texts = ("actor", "namespace", "host_version", "engine_version")
    if (
        found.keys() != set(Head._fields)
        or not all(isinstance(found[name], str) for name in texts)
        or type(found["exported_at_ns"]) is not int
        or not isinstance(found["limits"], dict)
        or not all(type(value) is int and value > 0 for value in found["limits"].values())
    ):
        raise BundleInvalid("its head does not say what it is of")
    return Head(**found)


def _check_sums(found: dict[str, Any]) -> None:
    """Takes them out, and looks whether they are of what there is."""
    sums = found.pop(_SUMS, None)
    if not isinstance(sums, dict):
        raise BundleInvalid("its head does not say what it is of")
    members = _members(found)
    name = altered_member(members, sums)
    if name is not None:
        got = members[name].decode() if name in members else "nothing"
        raise BundleInvalid(f"its head was altered: what was sealed as {name} is not {got}")


def _members(told: dict[str, Any]) -> dict[str, bytes]:
    """What has a checksum: each limit is a member of its own."""
    limits = told.get("limits")
    found = {name: value for name, value in told.items() if name != "limits"}
    if isinstance(limits, dict):
        found |= {f"limits.{name}": value for name, value in limits.items()}
    else:
        found["limits"] = limits
    return {name: json.dumps(value).encode() for name, value in found.items()}

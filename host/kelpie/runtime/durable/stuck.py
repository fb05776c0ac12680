"""Durable turns that cannot be gone on with: what is said of them."""

from __future__ import annotations

from kelpie.errors import DurableTurnDiverged, DurableTurnVersionGone, KelpieError
from kelpie.ids import Address
from kelpie.runtime.durable.begun import Begun

__all__ = ["diverged", "unmakeable", "version_gone"]


def diverged(
    address: Address, number: int, difference: tuple[int | None, str, str, str]
) -> DurableTurnDiverged:
    """It does not do what it did."""
    call, what, expected, got = difference
    return DurableTurnDiverged(
        f"the durable turn {number} of {address} does not run as it did, at host call {call}: "
        f"{what}; expected {expected}, got {got}. {_what_to_do(address)}",
        turn=number,
        call=call,
        expected=expected,
        got=got,
    )


def unmakeable(address: Address, begun: Begun, error: KelpieError) -> DurableTurnDiverged:
    """Its version runs no more."""
    expected, got = "an instance", f"{error.code}: {error.message}"
    return DurableTurnDiverged(
        f"the durable turn {begun.number} of {address} cannot be run again: {got}. "
        f"{_what_to_do(address)}",
        turn=begun.number,
        call=None,
        expected=expected,
        got=got,
    )


def version_gone(address: Address, begun: Begun) -> DurableTurnVersionGone:
    """The version that it began with is no longer kept."""
    return DurableTurnVersionGone(
        f"the durable turn {begun.number} of {address} began with version {begun.deploy_number}, "
        f"which is no longer kept. {_what_to_do(address)}",
        turn=begun.number,
        version=begun.deploy_number,
    )


def _what_to_do(address: Address) -> str:
    return (
        f"Its journal is kept, and the actor runs nothing else: end it with `kelpie cancel "
        f"{address.kind}/{address.key}`, or go back to the version of Kelpie that began it"
    )

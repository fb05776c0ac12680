"""Errands of durable turns, as they are stored with them: what a letter or a
reminder wants of the turn's commit outlives a crash as well."""

from __future__ import annotations

from typing import Any

from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.by_hand import Retry
from kelpie.runtime.messaging.delivery import Delivery
from kelpie.runtime.messaging.firing import Firing
from kelpie.runtime.messaging.letter import Letter, Number
from kelpie.runtime.requests.errand import Errand

__all__ = ["packed_errand", "read_errand"]

_NOTHING = Payload(True, b"")


def packed_errand(errand: Errand | None) -> tuple[object, ...] | None:
    """What `read_errand` makes it of again, but for the turn's argument."""
    match errand:
        case None:
            return None
        case Delivery(sender, number, letter, attempts):
            without = letter._replace(argument=_NOTHING)
            return "delivery", sender, number, without.stored(), attempts
        case Firing(name, row, index, stored):
            return "firing", name, row, index, stored
        case Retry(number, stored):
            return "retry", number, stored
    raise AssertionError(f"no guest runs for {errand}")


def read_errand(key: bytes, packed: Any, argument: Payload) -> Errand | None:
    """The errand of a turn with this argument, stored at `key`.

    Raises:
        StoredValueCorrupt, StoreFormatUnsupported
    """
    match packed:
        case ["delivery", sender, number, stored, attempts]:
            letter = Letter.read(key, stored)._replace(argument=argument)
            return Delivery(Address(*sender), Number(*number), letter, attempts)
        case ["firing", name, row, index, stored]:
            return Firing(name, row, index, stored)
        case ["retry", number, stored]:
            return Retry(number, stored)
    return None

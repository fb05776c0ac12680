"""Durable turns in flight, for people: which there are, and how to end one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from kelpie.errors import TurnNotInFlight
from kelpie.ids import Address, Payload
from kelpie.runtime.durable.cancelling import CancelTurn
from kelpie.runtime.durable.in_flight import InFlight
from kelpie.runtime.kinds.deploy import read_current
from kelpie.runtime.node import Node
from kelpie.runtime.requests.asked_by_host import asked_by_host
from kelpie.runtime.requests.envelope import Envelope
from kelpie.store.chunks import finish_value, read_value
from kelpie.store.durable_keys import address_in_flight, in_flight, in_flight_of
from kelpie.store.reading import reading
from kelpie.store.witness import Witness, nobody

__all__ = ["TurnPage", "TurnsInFlight"]

_CANCEL = "(cancel turn)"
"""What logs call it, where others have an operation."""


class TurnPage(NamedTuple):
    """Turns in flight by their actors. `after` is where the next page begins; None
    if there are no more."""

    turns: list[tuple[Address, InFlight]]
    after: Address | None


class TurnsInFlight:
    """Every method raises StoreError if the store could not be read."""

    def __init__(
        self,
        node: Node,
        submit: Callable[[Envelope], asyncio.Future[Payload]],
        stop: Callable[[Address], None],
    ) -> None:
        """`stop` kills the guest of an actor's durable turn, if it runs."""
        self._node = node
        self._submit = submit
        self._stop = stop

    async def page(
        self, namespace: str, kind: str | None, after: Address | None, limit: int
    ) -> TurnPage:
        """At most so many of a namespace, or of one kind in it, in the order of their
        actors.

        Raises:
            KindNotFound: nothing is deployed under the kind's name.
        """
        found: list[tuple[Address, InFlight]] = []
        with reading(self._node.store) as transaction:
            if kind is not None:
                await read_current(transaction, namespace, kind)
            begin, end = in_flight_of(namespace, kind, after)
            rows = await transaction.get_range(begin, end, limit=limit + 1, snapshot=True)
            for key, stored in rows[:limit]:
                value = await finish_value(transaction, key, stored, snapshot=True)
                found.append((address_in_flight(key), InFlight.read(key, value)))
        return TurnPage(found, found[-1][0] if len(rows) > limit else None)

    async def cancel(
        self, address: Address, number: int | None = None, witness: Witness = nobody
    ) -> InFlight:
        """Ends the turn in flight of an actor, if it has this number; what was known
        of it. Nothing of it is kept but that, as its answer.

        Raises:
            TurnNotInFlight: there is none, or it has ended meanwhile.
            KindNotFound
            KelpieError: it may have been ended.
        """
        key = in_flight(address)
        with reading(self._node.store) as transaction:
            await read_current(transaction, address.namespace, address.kind)
            value = await read_value(transaction, key, snapshot=True)
        found = None if value is None else InFlight.read(key, value)
        if found is None or number not in (None, found.number):
            which = "no turn" if number is None else f"turn {number} not"
            raise TurnNotInFlight(
                f"{address} has {which} in flight: `kelpie turns` lists those that are"
            )
        envelope = asked_by_host(self._node, address, _CANCEL, CancelTurn(found.number, witness))
        ended = self._submit(envelope)
        # It waits in line, and is found there.
        self._stop(address)
        await ended
        return found

"""Dead letters and reminders, for people: looked at in the store, changed by turns."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from kelpie.errors import DeadLetterNotFound
from kelpie.ids import Address, Payload
from kelpie.runtime.kinds.deploy import read_current
from kelpie.runtime.messaging.by_hand import Cancellation, Dropping, Retry
from kelpie.runtime.messaging.dead_letter import DeadLetter
from kelpie.runtime.messaging.reminder import Reminder
from kelpie.runtime.node import Node
from kelpie.runtime.requests.asked_by_host import asked_by_host
from kelpie.runtime.requests.envelope import Envelope
from kelpie.store import due_keys
from kelpie.store.chunks import finish_value, read_value
from kelpie.store.keyspace import ActorKeys
from kelpie.store.message_keys import MessageKeys, receiver_of, with_dead
from kelpie.store.reading import reading
from kelpie.wasm.turn import Caller

__all__ = ["DeadLetterPage", "Messages", "ReceiverPage"]


class DeadLetterPage(NamedTuple):
    """Dead letters by their numbers, oldest first. `after` is where the next page
    begins; None if there are no more."""

    letters: list[tuple[int, DeadLetter]]
    after: int | None


class ReceiverPage(NamedTuple):
    """Actors that have dead letters, by kind and key, and whether there are more."""

    actors: list[Address]
    more: bool


class Messages:
    """Every method raises KindNotFound if nothing is deployed under the kind's
    name, and StoreError if the store could not be read."""

    def __init__(self, node: Node, submit: Callable[[Envelope], Awaitable[Payload]]) -> None:
        self._node = node
        self._submit = submit

    async def dead_letters(self, address: Address, after: int | None, limit: int) -> DeadLetterPage:
        """At most `limit`, and `dead_letters_page_bytes_max` of them, but one at the least."""
        keys = MessageKeys(ActorKeys(address).prefix)
        bytes_max = self._node.limits.dead_letters_page_bytes_max
        found: list[tuple[int, DeadLetter]] = []
        size = 0
        with reading(self._node.store) as transaction:
            await read_current(transaction, address.namespace, address.kind)
            rows = await transaction.get_range(
                *keys.dead_letters(after), limit=limit, bytes_max=bytes_max, snapshot=True
            )
            for key, stored in rows:
                value = await finish_value(transaction, key, stored, snapshot=True)
                size += len(value)
                if found and size > bytes_max:
                    break
                found.append((keys.dead_letter_number(key), DeadLetter.read(key, value)))
        more = len(found) < len(rows) or len(rows) == limit or size >= bytes_max
        return DeadLetterPage(found, found[-1][0] if more and found else None)

    async def with_dead_letters(
        self, namespace: str, kind: str | None, after: tuple[str, str] | None, limit: int
    ) -> ReceiverPage:
        """The actors of a kind, or of a namespace, that have dead letters: at most
        `limit`, behind the one with this kind and key."""
        with reading(self._node.store) as transaction:
            if kind is not None:
                await read_current(transaction, namespace, kind)
            rows = await transaction.get_range(
                *with_dead(namespace, kind, after), limit=limit + 1, snapshot=True
            )
        found = [receiver_of(key) for key, _ in rows]
        return ReceiverPage(found[:limit], len(found) > limit)

    async def reminders(self, address: Address) -> list[tuple[str, Reminder]]:
        """All of them, in the order of their names."""
        keys = ActorKeys(address)
        with reading(self._node.store) as transaction:
            await read_current(transaction, address.namespace, address.kind)
            rows = await transaction.get_range(
                *due_keys.reminders(keys), limit=self._node.limits.reminders_max, snapshot=True
            )
            values = [await finish_value(transaction, *row, snapshot=True) for row in rows]
        return [
            (due_keys.reminder_name(keys, key), Reminder.read(key, value))
            for (key, _), value in zip(rows, values, strict=True)
        ]

    async def retry(self, address: Address, number: int) -> Payload:
        """Has a dead letter's operation run once more; its reply. The letter is
        gone then; if it fails again it stays.

        Raises:
            DeadLetterNotFound
            KelpieError: what the turn came to.
        """
        key = MessageKeys(ActorKeys(address).prefix).dead_letter(number)
        with reading(self._node.store) as transaction:
            await read_current(transaction, address.namespace, address.kind)
            stored = await read_value(transaction, key, snapshot=True)
        if stored is None:
            raise DeadLetterNotFound(f"{address} has no dead letter {number}")
        letter = DeadLetter.read(key, stored)
        errand = Retry(number, stored)
        caller = Caller("actor", str(letter.sender), letter.sender)
        return await self._submit(
            asked_by_host(self._node, address, letter.operation, errand, letter.argument, caller)
        )

    async def drop(self, address: Address, number: int) -> None:
        """Throws a dead letter away.

        Raises:
            DeadLetterNotFound
        """
        await self._submit(asked_by_host(self._node, address, "(drop)", Dropping(number)))

    async def cancel_reminder(self, address: Address, name: str) -> bool:
        """Whether there was one of this name."""
        asked = asked_by_host(self._node, address, "(cancel)", Cancellation(name))
        reply = await self._submit(asked)
        cancelled: bool = json.loads(reply.data)["cancelled"]
        return cancelled

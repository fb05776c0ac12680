"""Who has durable turns go on after a crash, when nobody asks for them.

Which actors have one in flight is in an index, so no actor is looked at for it.
An actor that is woken has its turn in flight before anything else.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from kelpie.env.bell import Bell
from kelpie.errors import KelpieError, StoreError
from kelpie.ids import Address, Payload
from kelpie.runtime.durable.cancelling import Wake
from kelpie.runtime.node import Node
from kelpie.runtime.requests.asked_by_host import asked_by_host
from kelpie.runtime.requests.envelope import Envelope
from kelpie.store.durable_keys import address_in_flight, in_flight_anywhere
from kelpie.store.reading import reading

__all__ = ["Waker"]

_NS_PER_MS = 1_000_000
_ROWS_AT_ONCE = 100
_DOUBLED_MAX = 16
_WAKE = "(resume)"
"""What logs call it, where others have an operation."""


class Waker:
    """Looks at the index now and then, and wakes those whose turn does not run."""

    def __init__(
        self,
        node: Node,
        is_busy: Callable[[Address], bool],
        submit: Callable[[Envelope], asyncio.Future[Payload]],
    ) -> None:
        self._node = node
        self._is_busy = is_busy
        self.submit = submit
        self._woken: set[Address] = set()
        self._put_off: OrderedDict[Address, tuple[int, int]] = OrderedDict()
        """Those that could not go on: how often that was, and until when they rest,
        on the monotonic clock."""
        self._bell = Bell(node.env)
        self._behind: Address | None = None
        self._is_over = False

    def __len__(self) -> int:
        """How many were woken and have not yet gone on."""
        return len(self._woken)

    async def run(self) -> None:
        """Goes on for ever."""
        while not self._is_over:
            self._bell.listen()
            try:
                is_full = not await self._wake_some()
            except StoreError:
                is_full = False
            await self._bell.heard(None if is_full else self._node.limits.durable_sweep_ms)

    def close(self) -> None:
        """Wakes no more."""
        self._is_over = True

    async def _wake_some(self) -> bool:
        """Wakes those that do not run, as many as there is room for; whether it has
        come to the end of the index."""
        limits = self._node.limits
        while True:
            begin, end = in_flight_anywhere(self._behind)
            with reading(self._node.store) as transaction:
                rows = await transaction.get_range(begin, end, limit=_ROWS_AT_ONCE, snapshot=True)
            for key, _ in rows:
                if self._is_over or len(self._woken) >= limits.durable_resumed_at_once_max:
                    return False
                address = address_in_flight(key)
                if not self._rests(address):
                    self._wake(address)
                self._behind = address
            if len(rows) < _ROWS_AT_ONCE:
                self._behind = None
                return True

    def _rests(self, address: Address) -> bool:
        if address in self._woken or self._is_busy(address):
            return True
        _, until_ns = self._put_off.get(address, (0, 0))
        return self._node.env.monotonic_ns() < until_ns

    def _wake(self, address: Address) -> None:
        envelope = asked_by_host(self._node, address, _WAKE, Wake())
        self._woken.add(address)
        try:
            answer = self.submit(envelope)
        except KelpieError:
            self._try_later(address)
        else:
            answer.add_done_callback(lambda done: self._answered(address, done))

    def _answered(self, address: Address, answer: asyncio.Future[Payload]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self._try_later(address)
        else:
            self._put_off.pop(address, None)
            self._has_gone_on(address)

    def _try_later(self, address: Address) -> None:
        limits, env = self._node.limits, self._node.env
        times, _ = self._put_off.pop(address, (0, 0))
        longest_ms = limits.letter_retry_ms_min << min(times, _DOUBLED_MAX)
        pause_ms = min(longest_ms, limits.letter_retry_ms_max)
        self._put_off[address] = times + 1, env.monotonic_ns() + pause_ms * _NS_PER_MS
        if len(self._put_off) > limits.due_put_off_max:
            self._put_off.popitem(last=False)
        self._has_gone_on(address)

    def _has_gone_on(self, address: Address) -> None:
        was_full = len(self._woken) >= self._node.limits.durable_resumed_at_once_max
        self._woken.discard(address)
        if was_full:
            self._bell.ring()

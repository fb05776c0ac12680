"""All that goes on between the turns of a node's actors by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kelpie.errors import Moved
from kelpie.ids import Address, Payload
from kelpie.runtime.messaging.alarm import Alarm
from kelpie.runtime.messaging.courier import Courier
from kelpie.runtime.messaging.messages import Messages
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.errand import Writes

__all__ = ["Mail"]


class Mail:
    """The courier and the alarm of a node, from its start to its end."""

    def __init__(self, node: Node, submit: Callable[[Envelope], asyncio.Future[Payload]]) -> None:
        self._node = node
        self._tasks: list[asyncio.Task[None]] = []
        self.courier = Courier(node, submit)
        self.alarm = Alarm(node, submit)
        self.messages = Messages(node, submit)
        node.wrote = self._wrote

    def start(self) -> None:
        """Takes up what an earlier incarnation has left, and goes on until it is closed."""
        env = self._node.env
        self._tasks = [
            env.spawn(self.courier.run(), "courier"),
            env.spawn(self._ring(), "alarm"),
        ]

    def close(self) -> None:
        """Begins nothing more. What is with an actor goes on. Idempotent."""
        self.courier.close()
        self.alarm.close()
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _ring(self) -> None:
        try:
            await self.alarm.run()
        except Moved:
            # Another incarnation of the node has taken it over.
            self.alarm.close()

    def _wrote(self, address: Address, writes: Writes) -> None:
        self.courier.wrote(address, writes)
        self.alarm.wrote(address, writes)

"""The queue before one actor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from kelpie.errors import MailboxFull
from kelpie.limits import Limits
from kelpie.runtime.requests.message import Message

__all__ = ["Mailbox"]


class Mailbox:
    """First come, first served; bounded in messages and bytes."""

    __slots__ = ("_bytes", "_limits", "_queue")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._queue: deque[Message] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Raises:
        MailboxFull: surely not done.
        """
        size = len(message.envelope.argument.data)
        limits = self._limits
        count = len(self._queue)
        if (
            count >= limits.mailbox_messages_max
            # One argument always fits, so that no request can be refused for ever.
            or (count and self._bytes + size > limits.mailbox_bytes_max)
        ):
            raise MailboxFull(
                f"{count} requests with {self._bytes} bytes wait for "
                f"{message.envelope.target}: ask again later"
            )
        self._queue.append(message)
        self._bytes += size

    def take(self) -> Message | None:
        """The next message; None if there is none."""
        if not self._queue:
            return None
        message = self._queue.popleft()
        self._bytes -= len(message.envelope.argument.data)
        return message

    def put_back(self, message: Message) -> None:
        """Puts a message in front of all others: it has had its turn, and goes on."""
        self._queue.appendleft(message)
        self._bytes += len(message.envelope.argument.data)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._queue)

    def remove(self, message: Message) -> None:
        """Takes a message out of its turn: its deadline passed."""
        self._queue.remove(message)
        self._bytes -= len(message.envelope.argument.data)

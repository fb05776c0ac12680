"""A context that a test makes, sets and looks at."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from kelpie_actor.addresses import Address, Caller, ClientCaller
from kelpie_actor.context import Context
from kelpie_actor.host import Level, Payload
from kelpie_actor.testing.effects import Answer, Message
from kelpie_actor.testing.host import FakeHost

__all__ = ["FakeContext"]

_TIME = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_ANYONE = ClientCaller("anonymous")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class FakeContext(Context):
    """A `Context` over a host in memory.

    The same `seed` gives the same entropy in the same turns. Time stands until
    `pass_time` moves it.
    """

    __slots__ = ("host",)

    def __init__(
        self,
        *,
        namespace: str = "default",
        kind: str = "actor",
        key: str = "test",
        caller: Caller = _ANYONE,
        now: datetime.datetime = _TIME,
        seed: object = 0,
        config: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        time_ns = (now - _EPOCH) // datetime.timedelta(microseconds=1) * 1000
        address = Address(namespace, kind, key)
        self.host = FakeHost(
            address, caller, time_ns, seed, dict(config or {}), dict(secrets or {})
        )
        super().__init__(self.host)

    def pass_time(self, time: datetime.timedelta) -> None:
        """The next turns are so much later."""
        self.host.time_ns += time // datetime.timedelta(microseconds=1) * 1000

    def set_caller(self, caller: Caller) -> None:
        """Who causes the next turns."""
        self.host.present_caller = caller

    def answer_calls(self, answer: Answer) -> None:
        """`answer` replies to the calls of the actor, with text (JSON) or bytes, or
        raises `MessagingError`."""
        self.host.answer = answer

    @property
    def stored_kv(self) -> dict[str, Payload]:
        """What is in kv; a test may change it."""
        return self.host.stored.kv

    @property
    def messages(self) -> list[Message]:
        """All that was sent, in order."""
        return self.host.stored.messages

    @property
    def lines(self) -> list[tuple[Level, str]]:
        """All that was logged, also by turns that failed."""
        return self.host.lines

"""The context of a turn: all that an actor sees of the world."""

from __future__ import annotations

import datetime
from typing import Any

from kelpie_actor.addresses import Address, Caller
from kelpie_actor.entropy import Entropy
from kelpie_actor.host import Host, Payload
from kelpie_actor.kv import Kv
from kelpie_actor.log import Log
from kelpie_actor.messaging import Messaging
from kelpie_actor.passing import passed_payload, passed_text

__all__ = ["Context", "RawState"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class RawState:
    """The actor's one value as it is stored, for actors that declare no fields."""

    __slots__ = ("_host", "_is_owned")

    def __init__(self, host: Host, *, is_owned: bool) -> None:
        self._host = host
        self._is_owned = is_owned

    def load(self) -> Payload | None:
        """The value as this turn sees it; None if there is none."""
        self._check()
        return self._host.state_load()

    def save(self, value: Payload) -> None:
        """Saves a value: `str` as text, `bytes` as bytes; at most 4 MiB (2 MiB of bytes)."""
        self._check()
        self._host.state_save(passed_payload(value, "write anything else as JSON"))

    def clear(self) -> None:
        """There is no value any more."""
        self._check()
        self._host.state_clear()

    def _check(self) -> None:
        if self._is_owned:
            raise RuntimeError(
                "this actor has fields, which are its state: they are saved by themselves"
            )


class Context:
    """What a turn may ask the host for. It is the same object in every turn, and it
    tells of the turn that is running."""

    __slots__ = ("_host", "entropy", "kv", "log", "messaging", "state")

    def __init__(self, host: Host, *, owns_state: bool = False) -> None:
        self._host = host
        self.kv = Kv(host)
        self.messaging = Messaging(host)
        self.entropy = Entropy(host)
        self.log = Log(host)
        self.state = RawState(host, is_owned=owns_state)

    @property
    def address(self) -> Address:
        """This actor."""
        return self._host.self_address()

    @property
    def turn(self) -> int:
        """The number of this turn among the actor's committed turns: it only grows."""
        return self._host.turn()

    @property
    def request_id(self) -> str:
        """The id under which this turn was asked for."""
        return self._host.request_id()

    @property
    def caller(self) -> Caller:
        """Who caused this turn."""
        return self._host.caller()

    def now(self) -> datetime.datetime:
        """The time of this turn, in UTC: the same through the whole turn."""
        return _EPOCH + datetime.timedelta(microseconds=self._host.now() // 1000)

    def now_ns(self) -> int:
        """The same, in nanoseconds since 1970."""
        return self._host.now()

    def config(self, name: str) -> str | None:
        """What was set for the kind under this name; None if nothing was."""
        return self._host.config(passed_text(name, "a name"))

    def secret(self, name: str) -> str | None:
        """The secret of this name; None if it is not set."""
        return self._host.secret(passed_text(name, "a name"))

    def peer(self, kind: str, key: str, namespace: str | None = None) -> Address:
        """The address of another actor, in this actor's namespace if none is named."""
        return Address(self.address.namespace if namespace is None else namespace, kind, key)

    def __getstate__(self) -> Any:
        raise TypeError("a context belongs to its instance, and is kept nowhere")

"""Who is who: addresses, and who caused a turn."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = ["ActorCaller", "Address", "Caller", "ClientCaller", "ReminderCaller"]


class Address(NamedTuple):
    """Names one actor. An address always exists; there is nothing to create."""

    namespace: str
    kind: str
    key: str


class ClientCaller(NamedTuple):
    """Someone over HTTP; `anonymous` if the host has no name for them."""

    name: str


class ActorCaller(NamedTuple):
    """Another actor."""

    address: Address


class ReminderCaller(NamedTuple):
    """This actor's own reminder."""

    name: str


Caller: TypeAlias = ClientCaller | ActorCaller | ReminderCaller

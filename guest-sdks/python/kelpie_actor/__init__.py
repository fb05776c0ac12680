"""Actors for Kelpie, in Python.

    from dataclasses import dataclass
    from kelpie_actor import Context, actor, operation

    @actor
    @dataclass
    class Counter:
        value: int = 0

        @operation
        def add(self, amount: int = 1) -> int:
            self.value += amount
            return self.value

`kelpie_actor.testing` runs such a class in ordinary unit tests.
"""

from __future__ import annotations

from kelpie_actor.addresses import ActorCaller, Address, Caller, ClientCaller, ReminderCaller
from kelpie_actor.codec.scalars import Range
from kelpie_actor.context import Context
from kelpie_actor.declaration import actor, operation
from kelpie_actor.errors import DeclarationError, MessagingError, Rejection, StateError
from kelpie_actor.host import Payload

__all__ = [
    "actor",
    "operation",
    "Context",
    "Rejection",
    "MessagingError",
    "StateError",
    "DeclarationError",
    "Address",
    "Caller",
    "ClientCaller",
    "ActorCaller",
    "ReminderCaller",
    "Payload",
    "Range",
]

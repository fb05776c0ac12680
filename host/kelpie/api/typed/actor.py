"""One actor, and its operations as methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kelpie.api.turn_calls import TurnCalls
from kelpie.api.typed.arguments import argument_of
from kelpie.api.typed.descriptions import Descriptions

__all__ = ["Actor", "Operation"]


class Actor:
    """`await client.actor("counter", "alice").add(amount=5)`.

    Whatever the kind says that it has is a method here; one whose name is none in
    Python, or is that of something below, is found as `actor["name"]`. That it is
    there, and takes what it is given, is checked before anything is sent, against
    what the host says of the kind.
    """

    def __init__(
        self,
        calls: TurnCalls,
        descriptions: Descriptions,
        kind: str,
        key: str,
        timeout: float | None,
    ) -> None:
        self._calls = calls
        self._descriptions = descriptions
        self._timeout = timeout
        self.kind = kind
        self.key = key

    def __getattr__(self, name: str) -> Operation:
        if name.startswith("_"):
            raise AttributeError(f"no operation's name begins with an underscore: {name}")
        return self[name]

    def __getitem__(self, name: str) -> Operation:
        return Operation(self, name)

    def __dir__(self) -> list[str]:
        known = self._descriptions.kept(self.kind)
        names = [] if known is None else [n for n in known.operations if n.isidentifier()]
        return sorted({*super().__dir__(), *names})

    def __repr__(self) -> str:
        return f"<actor {self.kind}/{self.key}>"

    async def operations(self) -> dict[str, dict[str, Any]]:
        """What the kind says of its operations, by name, asked anew."""
        until_ns = self._calls.until_ns(self._timeout)
        found = await self._descriptions.fetch(self.kind, until_ns)
        return {name: described.view for name, described in found.operations.items()}

    async def batch(
        self, operations: Iterable[tuple[str, Any]], *, request_id: str | None = None
    ) -> list[Any]:
        """Has the actor run them as one turn: see `Client.batch`. All are checked
        before they are sent.

        Raises:
            OperationNotFound, InvalidArgument: nothing was sent.
            KelpieError, HostUnreachable
        """
        given = list(operations)
        until_ns = self._calls.until_ns(self._timeout)
        for name, argument in given:
            await self._descriptions.check(self.kind, name, argument, until_ns)
        return await self._calls.batch_until(
            self.kind, self.key, given, until_ns, request_id=request_id
        )

    async def _call(self, operation: str, argument: Any, request_id: str | None) -> Any:
        until_ns = self._calls.until_ns(self._timeout)
        await self._descriptions.check(self.kind, operation, argument, until_ns)
        return await self._calls.call_until(
            self.kind, self.key, operation, argument, until_ns, request_id
        )


class Operation:
    """One operation of one actor. Its argument is one value, or is made of names."""

    def __init__(self, actor: Actor, name: str) -> None:
        self._actor = actor
        self._name = name

    def __repr__(self) -> str:
        return f"<operation {self._name} of {self._actor.kind}/{self._actor.key}>"

    async def __call__(self, /, *given: Any, **members: Any) -> Any:
        """The reply, which is durable: see `Client.call`.

        Raises:
            OperationNotFound, InvalidArgument: nothing was sent.
            KelpieError, HostUnreachable
        """
        argument = argument_of(self._name, given, members)
        return await self._actor._call(self._name, argument, None)

    async def under(self, request_id: str, /, *given: Any, **members: Any) -> Any:
        """The same under an id of the program's own: also when the program itself
        begins anew and asks again, it is done once."""
        argument = argument_of(self._name, given, members)
        return await self._actor._call(self._name, argument, request_id)

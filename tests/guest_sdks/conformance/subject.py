"""The actor under test, as its callers see it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from kelpie.errors import ActorFailed, ActorRejected, KelpieError
from kelpie.ids import Payload
from kelpie.runtime.telemetry.recent_lines import Wanted
from tests.runtime.support import TestNode

__all__ = ["KIND", "Subject", "deployed"]

KIND = "conformance"

_keys = itertools.count()


class Subject:
    """One actor that nobody has asked before, on a whole runtime."""

    def __init__(self, node: TestNode) -> None:
        self.node = node
        self.key = f"subject-{next(_keys)}"

    async def invoke(
        self, operation: str, argument: str | bytes | Payload = "", **more: Any
    ) -> Payload:
        """The reply to one operation. Bytes travel as bytes."""
        if isinstance(argument, bytes):
            argument = Payload(False, argument)
        return await self.node.ask(operation, argument, key=self.key, kind=KIND, **more)

    async def ask(self, operation: str, /, **argument: Any) -> Any:
        """The same with JSON, which no argument is needed for."""
        return await self.ask_text(operation, json.dumps(argument) if argument else "")

    async def ask_text(self, operation: str, argument: str, **more: Any) -> Any:
        reply = await self.invoke(operation, argument, **more)
        assert reply.is_text
        return json.loads(reply.data)

    async def batch(self, *lines: Any) -> list[Any]:
        """The replies to the lines of a batch; what is no text is written as JSON."""
        text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
        reply = await self.invoke("", text, is_batch=True)
        return [json.loads(line) for line in reply.data.decode().splitlines()]

    async def rejection(self, operation: str, argument: str | bytes = "") -> ActorRejected:
        error = await self.error(operation, argument)
        assert type(error) is ActorRejected, error
        return error

    async def failure(self, operation: str, argument: str | bytes = "") -> str:
        """The message of what failed."""
        error = await self.error(operation, argument)
        assert type(error) is ActorFailed, error
        return error.message

    async def error(self, operation: str, argument: str | bytes = "", **more: Any) -> KelpieError:
        try:
            reply = await self.invoke(operation, argument, **more)
        except KelpieError as error:
            return error
        raise AssertionError(f"{operation} replied {reply!r}")

    def lines(self) -> list[tuple[str, str]]:
        """Level and message of what the actor has logged."""
        wanted = Wanted("default", KIND, self.key)
        kept = self.node.runtime.node.guest_log.recent.find(wanted)
        return [(line.level, line.message) for line in kept]


async def deployed(node: TestNode, component: bytes, kind: str = KIND) -> TestNode:
    await node.runtime.deploy("default", kind, component)
    return node

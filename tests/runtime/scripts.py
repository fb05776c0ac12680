"""Scripts that several tests use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kelpie.ids import Payload, text
from tests.runtime.scripted import Host, Script

__all__ = ["Gate", "append", "failing", "log", "put", "read", "read_and_fail"]


class Gate:
    """Where scripts stop until the test opens it."""

    def __init__(self) -> None:
        self.waiting = 0
        self._open = asyncio.Event()

    async def pass_through(self) -> None:
        self.waiting += 1
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1

    def open(self) -> None:
        self._open.set()

    def script(self, then: Script) -> Callable[[Host], Awaitable[Payload]]:
        """A script that stops here, and goes on as `then`."""

        async def wait(host: Host) -> Payload:
            await self.pass_through()
            reply = then(host)
            assert isinstance(reply, Payload)
            return reply

        return wait


def append(host: Host) -> Payload:
    """Appends the argument to the state, and replies with the state."""
    before = host.state.data if host.state is not None else b""
    host.save(text(before + host.turn.argument.data))
    assert host.state is not None
    return host.state


def read(host: Host) -> Payload:
    """Replies with the state."""
    return host.state or text("")


def put(host: Host) -> Payload:
    """Writes the key that the argument is, with the turn's number."""
    host.set(host.turn.argument.data, text(str(host.turn.number)))
    return text("ok")


async def log(host: Host) -> Payload:
    """Appends to state and to kv, and replies with what it found in both."""
    page = await host.list()
    keys = b"".join(key for key, _ in page.entries)
    before = host.state.data if host.state is not None else b""
    host.save(text(before + host.turn.argument.data))
    host.set(host.turn.argument.data, text(""))
    return text(before + b"/" + keys)


def failing(error: Exception) -> Script:
    """Writes, and then fails."""

    def script(host: Host) -> Payload:
        host.save(text("must not be kept"))
        host.set(b"key", text("must not be kept"))
        raise error

    return script


def read_and_fail(error_of: Callable[[str], Exception]) -> Script:
    """Fails with an error that tells the state."""

    def script(host: Host) -> Payload:
        raise error_of(read(host).data.decode())

    return script

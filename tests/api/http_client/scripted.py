"""A host that does what the test says, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kelpie.api.client import Client

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"kinds": []}'
DONE = OK.replace(b"\r\n", b"\r\nKelpie-Request-Id: 1\r\n", 1)


class Peer:
    """The other end of one connection of the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next one, whose body has a known length; nothing if none comes."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return head + await self.reader.readexactly(int(line.partition(b":")[2]))
        return head

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def break_off(self) -> None:
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[object]]


class ScriptedHost:
    def __init__(self, url: str) -> None:
        self.url = url
        self.accepted = 0
        """Connections that have come so far."""
        self.open = 0
        self.open_max = 0


@asynccontextmanager
async def scripted(script: Script, address: str = "127.0.0.1") -> AsyncIterator[ScriptedHost]:
    """Each connection is treated as the script says, and closed."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.accepted += 1
        host.open += 1
        host.open_max = max(host.open_max, host.open)
        try:
            await script(Peer(reader, writer))
        except ConnectionError:
            pass  # the client has had enough
        finally:
            host.open -= 1
            writer.close()

    server = await asyncio.start_server(accept, address, 0)
    name = f"[{address}]" if ":" in address else address
    host = ScriptedHost(f"http://{name}:{server.sockets[0].getsockname()[1]}")
    try:
        yield host
    finally:
        server.close()


@asynccontextmanager
async def asked(script: Script) -> AsyncIterator[tuple[ScriptedHost, Client]]:
    """... and a client of it that asks for nothing again."""
    async with scripted(script) as host, Client(host.url, retry=False) as client:
        yield host, client

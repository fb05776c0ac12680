"""A host on a port of its own, and requests to it, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kelpie.access.digest import digest_of
from kelpie.access.roles import Role
from kelpie.access.secret import new_secret
from kelpie.access.token import Token
from kelpie.api.listening import Listening
from kelpie.api.server import HttpServer
from kelpie.api.tls import ServerTls
from kelpie.env.real import RealEnv
from kelpie.limits import DEFAULT_LIMITS, Limits
from kelpie.runtime.host import Runtime
from kelpie.store.sqlite import open_store
from kelpie.wasm.engine import WasmEngine

__all__ = [
    "COUNTER",
    "ENDLESS_FUEL",
    "LEDGER",
    "ROGUE",
    "Answer",
    "Host",
    "Remote",
    "Wire",
    "bearer",
    "request",
    "running",
]

ROOT = Path(__file__).resolve().parents[2]
COUNTER = ROOT / "examples" / "rust-counter" / "counter.wasm"
LEDGER = ROOT / "tests" / "guests" / "ledger.wasm"
ROGUE = ROOT / "tests" / "guests" / "rogue.wasm"

# Lets a guest spin for as long as something else allows it.
ENDLESS_FUEL = replace(DEFAULT_LIMITS, turn_fuel_max=10**15)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code, of what must be a well-formed problem."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"] == f"/docs/errors/{problem['code']}.md"
        assert problem["title"]
        assert problem["detail"]
        assert problem["source"] in {"caller", "actor", "platform"}
        assert isinstance(problem["retryable"], bool)
        code: str = problem["code"]
        return code


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it goes over the wire. `Content_Type` is the header Content-Type."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body and "Transfer_Encoding" not in headers and "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    """One connection to a host."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Sends pieces, each of which arrives by itself."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.02)

    async def answer(self, method: str = "POST") -> Answer:
        """The next answer on this connection."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status_line, *lines = head.rstrip("\r\n").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        # To what is no HTTP/1.1 the answer need not be either.
        assert version in {"HTTP/1.1", "HTTP/1.0"}
        headers = {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}
        body = b""
        if method != "HEAD":
            body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(status), headers, body)

    async def is_closed(self) -> bool:
        """Waits until the host closes the connection; False if it says more instead."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()


class Remote:
    """A host as its clients see it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2])

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 25)
        wire = Wire(reader, writer)
        try:
            yield wire
        finally:
            await wire.close()

    async def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """One request on a connection of its own."""
        async with self.wire() as wire:
            await wire.send(request(method, target, body, **headers))
            return await wire.answer(method)

    async def deploy(self, kind: str, file: Path) -> Answer:
        return await self.ask("PUT", f"/v1/kinds/{kind}", file.read_bytes())

    async def turns(self, kind: str, key: str) -> int:
        turns: int = (await self.ask("GET", f"/v1/actors/{kind}/{key}")).json["turns"]
        return turns


def bearer(secret: str) -> dict[str, str]:
    """The header that shows a token, for `request`."""
    return {"Authorization": f"Bearer {secret}"}


class Host(Remote):
    """A whole host in this process."""

    def __init__(self, env: RealEnv, runtime: Runtime, server: HttpServer, url: str) -> None:
        super().__init__(url)
        self.env = env
        self.runtime = runtime
        self.server = server

    async def token(
        self,
        name: str,
        *roles: Role,
        namespace: str | None = None,
        secret: str | None = None,
        **limits: int | None,
    ) -> str:
        """Makes a token, as is done where the data is; its secret."""
        secret, now_ns = secret or new_secret(self.env), self.env.wall_ns()
        token = Token(
            name,
            digest_of(secret),
            frozenset(roles),
            namespace,
            now_ns,
            "test",
            limits.get("expires_at_ns"),
            limits.get("requests_per_second_max"),
            limits.get("body_bytes_max"),
        )
        await self.server.tokens.add(token)
        return secret


@asynccontextmanager
async def running(
    data: Path, cache: Path, limits: Limits = DEFAULT_LIMITS, tls: ServerTls | None = None
) -> AsyncIterator[Host]:
    """Runs a host until the block ends. No fault may pass it unseen."""
    faults: list[object] = []
    env = RealEnv(lambda *fault: faults.append(fault), limits)
    store = await open_store(env, data, faults.append, limits)
    engine = WasmEngine(env, limits, cache, epochs=True)
    runtime = Runtime(env, store, engine, limits)
    await runtime.start()
    server = HttpServer(env, runtime, limits)
    url = await server.start(Listening("127.0.0.1", 0, tls))
    try:
        yield Host(env, runtime, server, url)
    finally:
        server.drain()
        await runtime.drain()
        await server.stop()
        engine.close()
        await store.close()
        env.close()
    assert faults == []

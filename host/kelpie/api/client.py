"""A host, as seen by a program that calls its actors."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER, REQUEST_ID_HEADER
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE, TEXT_TYPE
from kelpie.api.problem import PROBLEM_TYPE, error_of
from kelpie.api.unreachable import HostUnreachable
from kelpie.errors import HostFault
from kelpie.ids import Payload

__all__ = ["Client"]

_CONNECT_SECONDS = 10


class Client:
    """Calls one host over HTTP. Use it as an asynchronous context manager.

    Every method raises the KelpieError that the host answers with, or
    HostUnreachable. Nothing is retried. An error of an invocation has the id
    under which it was asked in `details["request_id"]`.
    """

    def __init__(self, url: str) -> None:
        self._base = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # The host ends every request by its deadline; only connecting is bounded here.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def invoke(
        self,
        kind: str,
        key: str,
        operation: str,
        argument: Payload,
        *,
        is_json: bool = False,
        request_id: str | None = None,
        deadline_ms: int | None = None,
    ) -> Payload:
        """Has an actor run one turn, and returns its reply, which is durable.

        With a `request_id` it may be asked again: the same request is answered
        with the same reply and not run twice.
        """
        headers = {"Content-Type": _type_of(argument, is_json)}
        if request_id is not None:
            headers[ID_HEADER] = request_id
        if deadline_ms is not None:
            headers[DEADLINE_HEADER] = str(deadline_ms)
        path = f"/v1/actors/{_quote(kind)}/{_quote(key)}/{_quote(operation)}"
        content_type, body = await self._ask("POST", path, argument.data, headers)
        return Payload(content_type != BYTES_TYPE, body)

    async def deploy(self, kind: str, upload: bytes, *, strict: bool = False) -> dict[str, Any]:
        """Deploys a component, or a core module. `changed` says whether it is new,
        `changes` what it adds, removes and narrows; `strict` refuses the latter two."""
        return await self._upload(kind, upload, strict=strict)

    async def check(self, kind: str, upload: bytes, *, strict: bool = False) -> dict[str, Any]:
        """What `deploy` would answer, without deploying anything."""
        return await self._upload(kind, upload, check=True, strict=strict)

    async def versions(
        self, kind: str, *, before: int | None = None, limit: int | None = None
    ) -> tuple[list[dict[str, Any]], bool]:
        """A page of a kind's versions, newest first, and whether there are more:
        ask again with `before` set to the last number."""
        path = _with_query(f"/v1/kinds/{_quote(kind)}/versions", before=before, limit=limit)
        page = await self._json("GET", path)
        return page["versions"], page["more"]

    async def version(self, kind: str, number: int) -> dict[str, Any]:
        """One version of a kind."""
        return await self._json("GET", f"/v1/kinds/{_quote(kind)}/versions/{number}")

    async def roll_back(self, kind: str, to: int | None = None) -> dict[str, Any]:
        """Makes the component of an older version current again, as a new version;
        without `to`, that of the newest one with another component."""
        headers = {"Content-Type": JSON_TYPE}
        body = b"" if to is None else json.dumps({"version": to}).encode()
        return await self._json("POST", f"/v1/kinds/{_quote(kind)}/current", body, headers)

    async def delete_kind(self, kind: str, *, force: bool = False) -> dict[str, Any]:
        """Deletes a kind with all its versions. Unless `force`, it is refused while
        actors of it hold state, kv or request records; they are deleted as well."""
        path = _with_query(f"/v1/kinds/{_quote(kind)}", force="true" if force else None)
        return await self._json("DELETE", path)

    async def kinds(self) -> list[dict[str, Any]]:
        """What is deployed, by name."""
        found: list[dict[str, Any]] = (await self._json("GET", "/v1/kinds"))["kinds"]
        return found

    async def kind(self, kind: str) -> dict[str, Any]:
        """The current deploy of a kind."""
        return await self._json("GET", f"/v1/kinds/{_quote(kind)}")

    async def actor(self, kind: str, key: str) -> dict[str, Any]:
        """What can be said of an actor without running it."""
        return await self._json("GET", f"/v1/actors/{_quote(kind)}/{_quote(key)}")

    async def _upload(self, kind: str, upload: bytes, **flags: bool) -> dict[str, Any]:
        headers = {"Content-Type": "application/wasm"}
        given = {name: "true" for name, is_set in flags.items() if is_set}
        path = _with_query(f"/v1/kinds/{_quote(kind)}", **given)
        return await self._json("PUT", path, upload, headers)

    async def actors(
        self, kind: str, *, prefix: str = "", after: str | None = None, limit: int | None = None
    ) -> dict[str, Any]:
        """One page of the actors of a kind that hold something, by key, behind
        `after`; the page's own `after` is where the next one begins, or None."""
        return await self._page(f"/v1/actors/{_quote(kind)}", prefix, after, limit)

    async def state(self, kind: str, key: str) -> Payload:
        """An actor's state, as it is stored."""
        return await self._value(f"/v1/state/{_quote(kind)}/{_quote(key)}")

    async def kv_page(
        self,
        kind: str,
        key: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """One page of an actor's kv, as `actors`."""
        return await self._page(f"/v1/kv/{_quote(kind)}/{_quote(key)}", prefix, after, limit)

    async def kv_entry(self, kind: str, key: str, entry: str) -> Payload:
        """One value of an actor's kv, as it is stored."""
        return await self._value(f"/v1/kv/{_quote(kind)}/{_quote(key)}/{_quote(entry)}")

    async def lines(
        self,
        kind: str | None = None,
        key: str | None = None,
        *,
        level: str | None = None,
        since: str | None = None,
        last: int | None = None,
        follow: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """What actors have logged of late: of every kind, of one, or of one actor.
        With `follow` also what they log from now on, until the host stops; an item
        `{"lost": n}` says how many lines came faster than they were read.

        `since` is how long ago, as `10m`, or a time; `last` at most so many of
        those that there are."""
        path = _with_query(
            "/v1/logs",
            kind=kind,
            key=key,
            level=level,
            since=since,
            last=last,
            follow="true" if follow else None,
        )
        rest = b""
        async with self._asking("GET", path, b"", {}) as response:
            async for piece in response.content.iter_any():
                *whole, rest = (rest + piece).split(b"\n")
                for line in filter(None, whole):
                    yield json.loads(line)

    async def _value(self, path: str) -> Payload:
        content_type, body = await self._ask("GET", path, b"", {})
        return Payload(content_type != BYTES_TYPE, body)

    async def _page(
        self, path: str, prefix: str, after: str | None, limit: int | None
    ) -> dict[str, Any]:
        path = _with_query(path, prefix=prefix or None, after=after, limit=limit)
        return await self._json("GET", path)

    async def _json(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        _, answer = await self._ask(method, path, body, headers or {})
        value = json.loads(answer)
        if not isinstance(value, dict):
            raise HostFault(f"{self._base} answers as no Kelpie host does")
        return value

    async def _ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[str, bytes]:
        async with self._asking(method, path, body, headers) as response:
            return response.content_type, await response.read()

    @asynccontextmanager
    async def _asking(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, of which only the head is read."""
        assert self._session is not None, "use the client in an `async with` block"
        try:
            async with self._session.request(
                method,
                URL(self._base + path, encoded=True),
                data=body or None,
                headers=headers,
                allow_redirects=False,
            ) as response:
                await self._check(response)
                yield response
        except aiohttp.ClientConnectorError as error:
            message = f"no host answers at {self._base}: {error.strerror or error}"
            raise HostUnreachable(message, sent=False) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"the host at {self._base} went away before it answered: {error}"
            raise HostUnreachable(message, sent=True) from error

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        """Raises:
        KelpieError: what the host answers with.
        """
        if response.content_type == PROBLEM_TYPE:
            problem = error_of(json.loads(await response.read()))
            if REQUEST_ID_HEADER in response.headers:
                problem.details["request_id"] = response.headers[REQUEST_ID_HEADER]
            raise problem
        if not response.ok:
            raise HostFault(f"{self._base} answers {response.status}, as no Kelpie host does")


def _type_of(argument: Payload, is_json: bool) -> str:
    if not argument.is_text:
        return BYTES_TYPE
    return JSON_TYPE if is_json else TEXT_TYPE


def _with_query(path: str, **given: str | int | None) -> str:
    """The path with the parameters that are given."""
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"{path}?{query}" if query else path


def _quote(segment: str) -> str:
    quoted = quote(segment, safe="")
    # A segment of dots alone would be taken for a place in the path.
    return quoted.replace(".", "%2E") if segment in {".", ".."} else quoted

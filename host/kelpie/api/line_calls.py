"""What a client asks in JSON lines, and how it reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER
from kelpie.api.payloads import JSON_LINES_TYPE
from kelpie.api.transport import Transport, lines_of, quoted

__all__ = ["LineCalls", "asking_headers"]


class LineCalls(Transport):
    """Many operations by one request. Errors as in `Client`."""

    async def batch(
        self,
        kind: str,
        key: str,
        operations: Iterable[tuple[str, Any]],
        *,
        request_id: str | None = None,
        deadline_ms: int | None = None,
    ) -> list[Any]:
        """Has an actor run operations as one turn, each a name and its argument (None
        for none), and returns their replies. The first that fails undoes all: the
        error has its `index` in `details`."""
        lines = "".join(map(_line, operations)).encode()
        replies = await self.batch_lines(
            kind, key, lines, request_id=request_id, deadline_ms=deadline_ms
        )
        return [json.loads(line) for line in replies.split(b"\n")[:-1]]

    async def batch_lines(
        self,
        kind: str,
        key: str,
        lines: bytes,
        *,
        request_id: str | None = None,
        deadline_ms: int | None = None,
    ) -> bytes:
        """`batch` with operations and replies as JSON lines."""
        path = f"/v1/batches/{quoted(kind)}/{quoted(key)}"
        headers = asking_headers(JSON_LINES_TYPE, request_id, deadline_ms)
        async with self.asking("POST", path, lines, headers) as response:
            return await response.read()

    async def turns(
        self, lines: bytes | AsyncIterable[bytes], *, deadline_ms: int | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Asks for a turn for each line, of whichever actor it names, and gives what
        comes of them as they end, each with its `index` among the lines. `lines` may
        come in pieces, whether they are whole lines or not.

        An error of a line is in its answer, as `problem`. One without `index` says
        why the host read no more lines.
        """
        async for line in self.turn_lines(lines, deadline_ms=deadline_ms):
            yield json.loads(line)

    async def turn_lines(
        self, lines: bytes | AsyncIterable[bytes], *, deadline_ms: int | None = None
    ) -> AsyncIterator[bytes]:
        """`turns` with each answer as the host wrote it."""
        headers = asking_headers(JSON_LINES_TYPE, None, deadline_ms)
        async with self.asking("POST", "/v1/turns", lines, headers) as response:
            async for line in lines_of(response):
                yield line


def asking_headers(
    content_type: str | None, request_id: str | None, deadline_ms: int | None
) -> dict[str, str]:
    """The headers of a request that an actor is to run."""
    headers: dict[str, str] = {}
    if content_type is not None:
        headers["Content-Type"] = content_type
    if request_id is not None:
        headers[ID_HEADER] = request_id
    if deadline_ms is not None:
        headers[DEADLINE_HEADER] = str(deadline_ms)
    return headers


def _line(operation: tuple[str, Any]) -> str:
    name, argument = operation
    members = {"operation": name} if argument is None else {"operation": name, "argument": argument}
    return json.dumps(members) + "\n"

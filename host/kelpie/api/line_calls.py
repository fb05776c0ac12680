"""What a client asks in JSON lines, and how it reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

from kelpie.api.payloads import JSON_LINES_TYPE
from kelpie.api.safe_calls import SafeCalls, asking_headers
from kelpie.api.transport import quoted

__all__ = ["LineCalls"]


class LineCalls(SafeCalls):
    """Many operations by one request. Errors as in `Client`."""

    async def batch(
        self,
        kind: str,
        key: str,
        operations: Iterable[tuple[str, Any]],
        *,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> list[Any]:
        """Has an actor run operations as one turn, each a name and its argument (None
        for none), and returns their replies. The first that fails undoes all: the
        error has its `index` in `details`."""
        return await self.batch_until(
            kind, key, operations, self.until_ns(timeout), request_id=request_id
        )

    async def batch_until(
        self,
        kind: str,
        key: str,
        operations: Iterable[tuple[str, Any]],
        until_ns: int,
        *,
        request_id: str | None = None,
    ) -> list[Any]:
        """`batch` with a deadline that began to run before."""
        lines = "".join(map(_line, operations)).encode()
        replies = await self._ask_batch(kind, key, lines, until_ns, request_id)
        return [self.read_json(line) for line in replies.split(b"\n")[:-1]]

    async def batch_lines(
        self,
        kind: str,
        key: str,
        lines: bytes,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """`batch` with operations and replies as JSON lines."""
        return await self._ask_batch(kind, key, lines, self.until_ns(timeout), request_id)

    async def _ask_batch(
        self, kind: str, key: str, lines: bytes, until_ns: int, request_id: str | None
    ) -> bytes:
        path = f"/v1/batches/{quoted(kind)}/{quoted(key)}"
        _, replies = await self.ask_safely(
            "POST", path, lines, JSON_LINES_TYPE, until_ns=until_ns, request_id=request_id
        )
        return replies

    async def turns(
        self, lines: bytes | AsyncIterable[bytes], *, timeout: float | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Asks for a turn for each line, of whichever actor it names, and gives what
        comes of them as they end, each with its `index` among the lines. `lines` may
        come in pieces, whether they are whole lines or not.

        Nothing is asked again: a line with an `id` may be, and is done once. `timeout`
        counts for each. An error of a line is in its answer, as `problem`. One without `index` says
        why the host read no more lines.
        """
        async for line in self.turn_lines(lines, timeout=timeout):
            yield self.read_turn(line)

    async def turn_lines(
        self, lines: bytes | AsyncIterable[bytes], *, timeout: float | None = None
    ) -> AsyncIterator[bytes]:
        """`turns` with each answer as the host wrote it: see `read_turn`."""
        deadline_ms = None if timeout is None else int(timeout * 1000)
        headers = asking_headers(JSON_LINES_TYPE, None, deadline_ms)
        async with self.asking("POST", "/v1/turns", lines, headers) as response:
            async for line in response.lines():
                yield line

    def read_turn(self, line: bytes, read: Callable[[bytes], Any] = json.loads) -> dict[str, Any]:
        """What a line says that came of a turn.

        Raises:
            HostFault: nothing that a host says.
        """
        answer: dict[str, Any] = self.read_as("TurnAnswer", line, read)
        return answer


def _line(operation: tuple[str, Any]) -> str:
    name, argument = operation
    members = {"operation": name} if argument is None else {"operation": name, "argument": argument}
    return json.dumps(members) + "\n"

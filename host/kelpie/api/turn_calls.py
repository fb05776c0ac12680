"""What a client asks of one actor: a turn, and its reply."""

from __future__ import annotations

import json
from typing import Any

from kelpie.api.line_calls import LineCalls
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE, TEXT_TYPE
from kelpie.api.transport import quoted
from kelpie.ids import Payload

__all__ = ["TurnCalls"]


class TurnCalls(LineCalls):
    """Single operations. Errors as in `Client`."""

    async def call(
        self,
        kind: str,
        key: str,
        operation: str,
        argument: Any = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """As `invoke`, with Python's values: the argument is sent as JSON, or as it is if
        it is bytes, and not at all if it is None; a reply that the component declares
        is read as JSON, another is a str or bytes.

        Raises:
            ValueError, TypeError: the argument is nothing that JSON has; nothing was asked.
        """
        return await self.call_until(
            kind, key, operation, argument, self.until_ns(timeout), request_id
        )

    async def call_until(
        self,
        kind: str,
        key: str,
        operation: str,
        argument: Any,
        until_ns: int,
        request_id: str | None = None,
    ) -> Any:
        """`call` with a deadline that began to run before."""
        content_type, body = None, b""
        if isinstance(argument, bytes):
            content_type, body = BYTES_TYPE, argument
        elif argument is not None:
            content_type, body = JSON_TYPE, json.dumps(argument, allow_nan=False).encode()
        replied_type, reply = await self.ask_safely(
            "POST",
            _path(kind, key, operation),
            body,
            content_type,
            until_ns=until_ns,
            request_id=request_id,
        )
        payload = self.payload_of(replied_type, reply)
        if not payload.is_text:
            return reply
        return self.read_json(reply) if replied_type == JSON_TYPE else reply.decode()

    async def invoke(
        self,
        kind: str,
        key: str,
        operation: str,
        argument: Payload,
        *,
        is_json: bool = False,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Payload:
        """Has an actor run one turn, and returns its reply, which is durable.

        Whatever the reason why there was no answer, it is not run twice: it is asked
        again under one id, the `request_id` if one is given.
        """
        content_type, body = await self.ask_safely(
            "POST",
            _path(kind, key, operation),
            argument.data,
            _type_of(argument, is_json),
            until_ns=self.until_ns(timeout),
            request_id=request_id,
        )
        return self.payload_of(content_type, body)


def _path(kind: str, key: str, operation: str) -> str:
    return f"/v1/actors/{quoted(kind)}/{quoted(key)}/{quoted(operation)}"


def _type_of(argument: Payload, is_json: bool) -> str:
    if not argument.is_text:
        return BYTES_TYPE
    return JSON_TYPE if is_json else TEXT_TYPE

"""An operation: from the argument to a call of the method, and to the reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from kelpie_actor.codec.codec import Codec, Mismatch, Schema, SchemaWriter
from kelpie_actor.codec.generated import argument_reader
from kelpie_actor.codec.records import Field, decode_members, members_schema
from kelpie_actor.errors import Rejection
from kelpie_actor.host import Payload
from kelpie_actor.json_text import JsonError, check_text, read_json

__all__ = ["Operation", "bad_argument"]

_BYTES: Schema = {"type": "string", "format": "binary"}


def _nothing(_result: object) -> str:
    return ""


def bad_argument(message: str) -> NoReturn:
    raise Rejection("bad-argument", message) from None


class Operation:
    """One operation of an actor class."""

    __slots__ = (
        "context_at",
        "defaults",
        "doc",
        "durable",
        "encode",
        "members",
        "method",
        "name",
        "parameters",
        "read_only",
        "replies_bytes",
        "result",
        "takes_bytes",
    )

    def __init__(
        self,
        *,
        name: str,
        doc: str,
        read_only: bool,
        durable: bool,
        method: Callable[..., Any],
        parameters: tuple[Field, ...],
        context_at: int | None,
        result: Codec,
    ) -> None:
        self.name = name
        self.doc = doc
        self.read_only = read_only
        self.durable = durable
        self.method = method
        self.parameters = parameters
        self.context_at = context_at
        """Which of the method's parameters the context is."""
        self.result = result
        self.encode = _nothing if result.is_bytes else result.encode
        """The reply in JSON, but for bytes, which are none. Raises `Mismatch`."""
        self.takes_bytes = len(parameters) == 1 and parameters[0].codec.is_bytes
        self.replies_bytes = result.is_bytes
        names = [field.name for field in parameters]
        codecs = [field.codec for field in parameters]
        self.members = argument_reader(names, codecs, self._members)
        """The values of the parameters out of what JSON read; `null` is no argument.
        Raises `Rejection`."""
        defaults = [field.default for field in parameters]
        has_all = None not in defaults and not self.takes_bytes
        self.defaults = [make() for make in defaults if make] if has_all else None
        """The values of the parameters without an argument; None if it needs one."""

    def arguments(self, payload: Payload) -> list[Any]:
        """The values of the parameters.

        Raises:
            Rejection: the payload is not what the operation takes.
        """
        if self.takes_bytes:
            if isinstance(payload, bytes):
                return [payload]
            # Whoever sends nothing need not say nothing of what.
            return bad_argument("the argument must be bytes, not text") if payload else [b""]
        if not payload:
            return self.members({})
        if isinstance(payload, bytes):
            bad_argument("the argument must be JSON text, not bytes")
        try:
            found = read_json(payload)
        except JsonError as error:
            bad_argument(f"the argument: {error}")
        return self.members(found)

    def reply(self, result: Any) -> Payload:
        """What to reply.

        Raises:
            TypeError: the method has returned something else than its type hint says.
        """
        if self.replies_bytes:
            if isinstance(result, bytes):
                return result
            raise TypeError(f"{self.name} must return bytes, and returned {type(result).__name__}")
        try:
            return check_text(self.encode(result))
        except (Mismatch, ValueError) as error:
            raise TypeError(f"the result of {self.name} is not what it says: {error}") from None

    def _members(self, found: Any) -> list[Any]:
        if found is None:
            found = {}
        elif type(found) is not dict:
            bad_argument("the argument must be a JSON object")
        try:
            return decode_members(found, self.parameters)
        except Mismatch as error:
            bad_argument(f"the argument: {error}")

    def manifest(self) -> dict[str, Any]:
        """What `describe` says of it."""
        if self.takes_bytes:
            argument = _BYTES
        else:
            writer = SchemaWriter()
            argument = members_schema(self.parameters, writer)
            if writer.definitions:
                argument = {**argument, "$defs": writer.definitions}
        return {
            "name": self.name,
            "doc": self.doc,
            "read_only": self.read_only,
            "durable": self.durable,
            "argument": argument,
            "result": _BYTES if self.replies_bytes else self.result.document(),
        }

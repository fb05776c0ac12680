"""An operation: from the argument to a call of the method, and to the reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from kelpie_actor.codec.codec import Codec, Mismatch, Schema, SchemaWriter
from kelpie_actor.codec.generated import argument_reader, callers
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
        "apply",
        "doc",
        "durable",
        "encode",
        "invoke",
        "is_plain",
        "members",
        "name",
        "needs_argument",
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
        """`context_at` is which of the method's parameters the context is."""
        self.name = name
        self.doc = doc
        self.read_only = read_only
        self.durable = durable
        self.parameters = parameters
        self.result = result
        self.encode = _nothing if result.is_bytes else result.encode
        """The reply in JSON, but for bytes, which are none. Raises `Mismatch`."""
        self.is_plain = result.is_ascii
        """Whether what `encode` makes is the reply, without a look at its characters."""
        self.takes_bytes = len(parameters) == 1 and parameters[0].codec.is_bytes
        self.replies_bytes = result.is_bytes
        names = [field.name for field in parameters]
        codecs = [field.codec for field in parameters]
        self.members = argument_reader(names, codecs, self._members)
        """The values of the parameters out of what JSON read; `null` is no argument.
        Raises `Rejection`."""
        defaults = [field.default for field in parameters]
        has_all = None not in defaults and not self.takes_bytes
        self.needs_argument = not has_all
        """Whether it cannot do with the defaults alone."""
        self.invoke, self.apply = callers(
            method,
            len(parameters),
            context_at,
            [make() for make in defaults if make] if has_all else None,
            self.arguments,
        )
        """Call the method: with the actor, the context, and the argument or the values of
        the parameters."""

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

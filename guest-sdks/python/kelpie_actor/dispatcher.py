"""One instance of an actor: what it does with a turn, a batch, and `describe`."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from kelpie_actor.codec.codec import Mismatch
from kelpie_actor.context import Context
from kelpie_actor.declaration import ActorType
from kelpie_actor.errors import Rejection
from kelpie_actor.host import Host, Payload
from kelpie_actor.json_text import JsonError, read_json
from kelpie_actor.operation import Operation, bad_argument
from kelpie_actor.state import LoadedState

__all__ = ["BatchStopped", "Dispatcher", "describe"]


class BatchStopped(Exception):
    """The operation with this index, counted from 0, failed with `__cause__`."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Dispatcher:
    """Runs the turns of one instance. After one that raised it must not be used again."""

    __slots__ = ("_context", "_host", "_kind", "_operations", "_state")

    def __init__(self, kind: ActorType, host: Host, context: Context | None = None) -> None:
        self._kind = kind
        self._host = host
        self._operations = kind.operations
        self._context = context or Context(host, owns_state=kind.state is not None)
        self._state: LoadedState | None = None

    def invoke(self, name: str, argument: Payload) -> Payload:
        """The reply of one operation.

        Raises:
            Rejection: the actor refuses.
            Exception: whatever else the operation raised: the turn failed.
        """
        operation = self._operations.get(name)
        if operation is None:
            self._refuse_unknown(name)
        state = self._state
        if state is None:
            # What is wrong with the argument is told before what is wrong with the state.
            if argument or operation.needs_argument:
                operation.arguments(argument)
            state = self._load()
        # Written out here and below, as this is what every turn passes: a call of a function
        # costs a thousand instructions and more.
        actor = state.actor
        if operation.read_only:
            # What was seen last is what it is, as nothing but turns changes it.
            seen_before = state.see() if state.text is None else state.text
            result = operation.invoke(actor, self._context, argument)
            return self._read(operation, state, result, seen_before)
        result = operation.invoke(actor, self._context, argument)
        # `reply` and `save` do the same.
        try:
            reply: Payload = operation.encode(result)
            seen = state.encode(actor)
        except Mismatch:
            reply, seen = operation.reply(result), state.see()
        if not (operation.is_plain and state.is_plain) and (
            operation.replies_bytes or not (reply.isascii() and seen.isascii())
        ):
            reply, seen = operation.reply(result), state.see()
        if seen != state.text:
            state.write(seen)
            state.text = seen
        return reply

    def invoke_batch(self, lines: str) -> str:
        """The replies of some operations, which are JSON lines, in lines.

        Raises:
            BatchStopped: one of them failed.
        """
        operations = lines.removesuffix("\n").split("\n")
        replies: list[str] = []
        try:
            for line in operations:
                replies.append(self._run_line(line))  # noqa: PERF401 - counted when one fails
            if self._state is not None:
                self._state.save(self._state.see())
        except BaseException as error:
            raise BatchStopped(min(len(replies), len(operations) - 1)) from error
        replies.append("")
        return "\n".join(replies)

    def _run_line(self, line: str) -> str:
        try:
            found = read_json(line)
        except JsonError as error:
            bad_argument(f"the line: {error}")
        if type(found) is not dict:
            bad_argument("the line must be a JSON object")
        unknown = found.keys() - {"operation", "argument"}
        if unknown:
            bad_argument(f"the line has an unknown member {min(unknown)}")
        name = found.get("operation")
        if type(name) is not str:
            bad_argument("operation is missing in the line, or no string")
        operation = self._operations.get(name)
        if operation is None:
            self._refuse_unknown(name)
        if operation.durable:
            bad_argument(f"the operation {name} is durable: not in a batch")
        if operation.takes_bytes or operation.replies_bytes:
            bad_argument(f"the operation {name} is one of bytes: not in a batch")
        values = operation.members(found.get("argument"))
        state = self._state or self._load()
        seen_before = state.see() if operation.read_only else ""
        result = operation.apply(state.actor, self._context, values)
        if operation.read_only:
            reply = self._read(operation, state, result, seen_before)
        else:
            reply = operation.reply(result)
        assert isinstance(reply, str)
        return reply

    def _read(self, operation: Operation, state: LoadedState, result: Any, seen: str) -> Payload:
        reply = operation.reply(result)
        if state.see() != seen:
            raise RuntimeError(
                f"the operation {operation.name} is declared read-only, and has changed the state"
            )
        return reply

    def _load(self) -> LoadedState:
        self._state = LoadedState(self._kind, self._host)
        return self._state

    def _refuse_unknown(self, name: str) -> NoReturn:
        known = ", ".join(self._operations)
        raise Rejection("unknown-operation", f"there is no operation {name!r}; there are {known}")


def describe(kind: ActorType) -> str:
    """The manifest, as JSON: the same for the same class."""
    manifest = {
        "doc": kind.doc,
        "operations": [operation.manifest() for operation in kind.operations.values()],
    }
    return json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))

"""One actor in a test, with turns as in production."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kelpie_actor.declaration import actor_type_of
from kelpie_actor.dispatcher import BatchStopped, Dispatcher, describe
from kelpie_actor.errors import Rejection
from kelpie_actor.failures import failure_message, traceback_text
from kelpie_actor.host import Payload
from kelpie_actor.payloads import argument_payload
from kelpie_actor.testing.context import FakeContext

__all__ = ["Failed", "FakeActor"]

Result = TypeVar("Result")


class Failed(Exception):
    """The turn failed: the operation raised `__cause__`, and all was undone."""


class FakeActor:
    """An actor of this class, and what a host keeps of it.

    A turn that fails or is rejected changes nothing, and what the actor remembered in
    memory is gone with it.
    """

    def __init__(self, actor: type, context: FakeContext | None = None, /, **changes: Any) -> None:
        """`changes` are those of a `FakeContext`, where none is given."""
        self.context = context or FakeContext(**changes)
        self._host = self.context.host
        self._kind = actor_type_of(actor)
        self._dispatcher = self._fresh()

    def invoke(self, operation: str, argument: object = None, **turn: Any) -> Any:
        """One turn: the argument is anything that can be JSON, or bytes. The reply is
        read from JSON, unless it is bytes. `request_id` may be given.

        Raises:
            Rejection: the actor refuses.
            Failed: the operation raised something else.
        """
        reply = self.invoke_raw(operation, argument_payload(argument), **turn)
        return json.loads(reply) if isinstance(reply, str) else reply

    def invoke_raw(
        self, operation: str, argument: Payload = "", *, request_id: str | None = None
    ) -> Payload:
        """The same, with payloads as they travel: `str` is JSON text."""
        found = self._kind.operations.get(operation)
        read_only = found is not None and found.read_only
        return self._turn(
            lambda: self._dispatcher.invoke(operation, argument), request_id, read_only=read_only
        )

    def batch(self, operations: Iterable[tuple[str, object]]) -> list[Any]:
        """Many operations with their arguments as one turn: their replies.

        Raises:
            Rejection, Failed: one of them came to nothing, and so nothing was done; a
                note says which.
        """
        lines = [
            json.dumps({"operation": name, **({} if argument is None else {"argument": argument})})
            for name, argument in operations
        ]
        replies = self.batch_raw("\n".join(lines) + "\n")
        return [json.loads(reply) for reply in replies.splitlines()]

    def batch_raw(self, lines: str) -> str:
        """The same, with lines as they travel."""
        return self._turn(lambda: self._dispatcher.invoke_batch(lines), None, read_only=False)

    def restart(self) -> None:
        """What a host may do between any two turns: the actor's memory is gone."""
        self._dispatcher = self._fresh()

    @property
    def state(self) -> Any:
        """The stored state, without its version; None if none was stored."""
        stored = self._host.stored.state
        return json.loads(stored)["state"] if isinstance(stored, str) else stored

    def manifest(self) -> Any:
        """What the component says of itself."""
        return json.loads(describe(self._kind))

    def _fresh(self) -> Dispatcher:
        context = self.context
        context.state._is_owned = self._kind.state is not None
        return Dispatcher(self._kind, self._host, context)

    def _turn(
        self, run: Callable[[], Result], request_id: str | None, *, read_only: bool
    ) -> Result:
        host, before = self._host, self._host.stored.copy()
        host.begin(request_id or f"request-{host.number}", read_only=read_only)
        try:
            reply = run()
        except BaseException as error:  # noqa: BLE001 - raised again, as what it means
            host.stored = before
            self.restart()
            raise self._told(error) from _cause(error)
        finally:
            host.read_only = False
        if not read_only:
            host.number += 1
        return reply

    def _told(self, error: BaseException) -> BaseException:
        cause = _cause(error)
        if isinstance(cause, Rejection):
            told: BaseException = Rejection(cause.code, cause.message)
        elif isinstance(cause, Exception):
            self._host.log("error", traceback_text(cause))
            told = Failed(failure_message(cause))
        else:
            return cause
        if isinstance(error, BatchStopped):
            told.add_note(f"the operation of the batch with index {error.index}")
        return told


def _cause(error: BaseException) -> BaseException:
    if isinstance(error, BatchStopped) and error.__cause__ is not None:
        return error.__cause__
    return error

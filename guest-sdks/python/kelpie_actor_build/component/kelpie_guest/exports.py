"""What the component exports: `handler` and `batch`, over the one actor declared."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any, NoReturn

from kelpie_actor import declaration
from kelpie_actor.context import Context
from kelpie_actor.dispatcher import BatchStopped, Dispatcher, describe
from kelpie_actor.errors import DeclarationError, MessagingError, Rejection
from kelpie_actor.failures import failure_message, traceback_text
from kelpie_guest import files, importing, streams
from kelpie_guest.bindings import BatchFailure, Bytes, Err, Text, types
from kelpie_guest.host import GuestHost, GuestLog
from kelpie_guest.turn import turn

__all__ = ["finish"]

# What is only a matter of time.
_LATER = {"unavailable": types.Failure_Unavailable, "unknown": types.Failure_Unknown}


def finish(lazily_imported: Iterable[str]) -> tuple[type, type]:
    """Ends the build: what is in memory now is what every instance begins with.
    The classes `Handler` and `Batch`.

    Raises:
        DeclarationError: not exactly one actor was declared.
    """
    importing.import_early(lazily_imported)
    made = _exports(_one_actor())
    files.refuse_the_rest()
    streams.install()
    importing.stop()
    turn.is_building = False
    # Nothing of all this ever becomes garbage: the collector need not look at it.
    gc.collect()
    gc.freeze()
    return made


def _one_actor() -> declaration.ActorType:
    declared = declaration.actors
    if not declared:
        raise DeclarationError("there is no actor: put @actor before a class")
    if len(declared) > 1:
        names = ", ".join(each.kind.__name__ for each in declared)
        raise DeclarationError(f"a component is one kind of actor; there are {names}")
    return declared[0]


def _exports(kind: declaration.ActorType) -> tuple[type, type]:
    host = GuestHost()
    context = Context(host, owns_state=kind.state is not None)
    context.log = GuestLog(host)
    dispatcher = Dispatcher(kind, host, context)
    dispatch, manifest = dispatcher.invoke, describe(kind)
    turn.host = host

    # The runtime has read one reply before it asks for the next.
    text_reply, bytes_reply = Text(""), Bytes(b"")

    class Handler:
        @staticmethod  # which the runtime finds at less cost
        def invoke(operation: str, argument: Any) -> Any:
            turn.is_stale = True
            try:
                reply = dispatch(operation, argument.value)
            except BaseException as error:  # noqa: BLE001 - whatever the author raised
                _fail(_failure(host, error))
            if turn.output:
                turn.end()
            if type(reply) is str:
                text_reply.value = reply
                return text_reply
            bytes_reply.value = reply
            return bytes_reply

        def describe(self) -> str:
            return manifest

    class Batch:
        def invoke_batch(self, operations: str) -> str:
            turn.is_stale = True
            try:
                replies = dispatcher.invoke_batch(operations)
            except BatchStopped as stopped:
                cause = stopped.__cause__
                assert cause is not None
                failure = _failure(host, cause)
                _fail(BatchFailure(stopped.index, failure))
            if turn.output:
                turn.end()
            return replies

    return Handler, Batch


def _failure(host: GuestHost, error: BaseException) -> Any:
    if turn.output:
        turn.end()
    if isinstance(error, Rejection):
        return types.Failure_Rejected(types.Rejection(error.code, error.message))
    host.log("error", traceback_text(error))
    told = failure_message(error)
    if isinstance(error, MessagingError) and error.kind in _LATER:
        # Whoever asked this actor is to ask again, too.
        return _LATER[error.kind](told)
    return types.Failure_Failed(told)


def _fail(failure: Any) -> NoReturn:
    raise Err(failure) from None

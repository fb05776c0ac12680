"""Which message of an actor comes first while a durable turn of it is in flight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from kelpie.errors import RequestMismatch, Unreadable
from kelpie.runtime.actor.mailbox import Mailbox
from kelpie.runtime.commits.pipeline import Pipeline
from kelpie.runtime.durable.actor_turns import DurableTurns
from kelpie.runtime.durable.cancelling import CancelTurn
from kelpie.runtime.requests.envelope import Envelope
from kelpie.runtime.requests.message import Message, check_same_request

__all__ = ["Readmit", "comes_first"]

_DOUBLED_MAX = 10

Readmit = Callable[[Envelope], Message]
"""Takes a request on that was taken on before a crash."""


class Actor(Protocol):
    """Whose turn it is."""

    @property
    def pipeline(self) -> Pipeline: ...

    @property
    def durable(self) -> DurableTurns: ...


async def comes_first(actor: Actor, mailbox: Mailbox, readmit: Readmit) -> Message | None:
    """The message of the turn in flight. Of one that cannot be gone on with: what
    waits, to be told so, but for who ends it. None if nothing waits any more.

    Raises:
        KelpieError: it cannot be gone on with now.
    """
    pipeline, turns = actor.pipeline, actor.durable
    if turns.stuck is not None and _cancellation(pipeline, mailbox) is None:
        return mailbox.take()
    if turns.failed is not None and turns.stuck is None:
        await turns.pause()
    own = next((each for each in mailbox if each.goes_on), None)
    if own is None or _cancellation(pipeline, mailbox) is None:
        try:
            await turns.read()
        except Unreadable:
            cancellation = _cancellation(pipeline, mailbox)
            if cancellation is None:
                raise
            # Of the turn nothing is known but that it ends.
            own = cancellation
    if not turns.pending:
        # Nothing of it has become durable.
        return mailbox.take()
    if own is None:
        own = _asked_again(turns, mailbox)
    if own is not None:
        mailbox.remove(own)
    else:
        assert turns.resumption is not None
        own = readmit(turns.resumption.begun.envelope)
    own.goes_on = True
    # Whoever comes from now on finds it running.
    found = own if _is_cancellation(pipeline, own) else _cancellation(pipeline, mailbox)
    turns.cancelling = None if found is None else found.envelope.errand  # type: ignore[assignment]
    return own


def _asked_again(turns: DurableTurns, mailbox: Mailbox) -> Message | None:
    """Whoever asks for the turn in flight again: it waits for that."""
    assert turns.resumption is not None
    begun = turns.resumption.begun.envelope
    if not begun.recorded:
        return None
    for message in list(mailbox):
        asked = message.envelope
        same = (asked.principal, asked.request_id) == (begun.principal, begun.request_id)
        if not same or not asked.recorded:
            continue
        try:
            check_same_request(message.digest, begun)
        except RequestMismatch as error:
            mailbox.remove(message)
            message.fail(error)
            return None
        message.envelope = replace(
            begun,
            deadline_ns=asked.deadline_ns,
            span=asked.span,
            waiting_actors=asked.waiting_actors,
        )
        return message
    return None


def _cancellation(pipeline: Pipeline, mailbox: Mailbox) -> Message | None:
    """That of the turn in flight, if it waits."""
    return next((each for each in mailbox if _is_cancellation(pipeline, each)), None)


def _is_cancellation(pipeline: Pipeline, message: Message) -> bool:
    errand = message.envelope.errand
    return isinstance(errand, CancelTurn) and errand.number == pipeline.next_turn_number

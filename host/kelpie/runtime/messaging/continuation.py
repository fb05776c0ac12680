"""The reply to a request that nobody waits for: a letter to who asked.

Its argument is JSON. `target` and `operation` are those of the request, and
`request_id` is that of the turn that made it; then there is one of

    reply       what was replied, if it is JSON text
    text        what was replied, if it is other text
    bytes       what was replied, if it is bytes: in base64
    failure     why there is no reply: `sort` is rejected, failed, unavailable or
                unknown, as in the contract, and `message` for people; with a
                rejection `code`, the actor's own
"""

from __future__ import annotations

import json
from base64 import b64encode

from kelpie.errors import ActorOutcomeUnknown, ActorRejected, KelpieError
from kelpie.ids import Address, Payload, text
from kelpie.runtime.messaging.letter import Letter
from kelpie.runtime.requests.errand import Desk

__all__ = ["failure_reply", "success_reply"]


def success_reply(asker: Address, desk: Desk, letter: Letter, reply: Payload) -> Letter:
    """The letter that brings the reply."""
    head = _head(desk.address, letter)
    if not reply.is_text:
        return _reply(asker, desk, letter, _told(head, "bytes", b64encode(reply.data).decode()))
    if _is_json(reply.data):
        # As it is: numbers keep their digits.
        body = b'%s,"reply":%s}' % (json.dumps(head).encode()[:-1], reply.data)
        return _reply(asker, desk, letter, Payload(True, body))
    return _reply(asker, desk, letter, _told(head, "text", reply.data.decode()))


def failure_reply(asker: Address, desk: Desk, letter: Letter, error: KelpieError) -> Letter:
    """The letter that says why there will be no reply."""
    failure = {"sort": _sort(error), "message": error.message}
    if isinstance(error, ActorRejected):
        failure["code"] = error.rejection_code
    return _reply(asker, desk, letter, _told(_head(desk.address, letter), "failure", failure))


def _sort(error: KelpieError) -> str:
    if isinstance(error, ActorRejected):
        return "rejected"
    if isinstance(error, ActorOutcomeUnknown):
        return "unknown"
    # The burial's commit has made sure that it was not done, and never will be.
    return "unavailable" if error.retryable else "failed"


def _head(target: Address, letter: Letter) -> dict[str, object]:
    return {
        "target": target._asdict(),
        "operation": letter.operation,
        "request_id": letter.asked_by,
    }


def _told(head: dict[str, object], member: str, value: object) -> Payload:
    return text(json.dumps({**head, member: value}, ensure_ascii=False))


def _reply(asker: Address, desk: Desk, letter: Letter, argument: Payload) -> Letter:
    assert letter.continuation is not None
    asked = (asker, letter.continuation, argument, None, letter.asked_by)
    return Letter(*asked, desk.wall_ns(), letter.cause)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")

"""What the host asks of an actor by itself, or for somebody who is no client of it."""

from __future__ import annotations

from kelpie.ids import Address, Payload
from kelpie.runtime.node import Node
from kelpie.runtime.requests.envelope import Envelope, principal_of
from kelpie.runtime.requests.errand import Errand
from kelpie.wasm.turn import Caller

__all__ = ["asked_by_host"]

_NS_PER_MS = 1_000_000
_NOTHING = Payload(True, b"")


def asked_by_host(
    node: Node,
    target: Address,
    operation: str,
    errand: Errand,
    argument: Payload = _NOTHING,
    caller: Caller | None = None,
) -> Envelope:
    """A request of which nobody keeps the id. It is in the name of the actor that
    `caller` is, or else of the target itself."""
    env, limits = node.env, node.limits
    sender = target if caller is None or caller.address is None else caller.address
    return Envelope(
        target,
        operation,
        argument,
        env.new_id(),
        principal_of(sender, limits),
        recorded=False,
        deadline_ns=env.monotonic_ns() + limits.request_deadline_ms_default * _NS_PER_MS,
        caller=caller,
        errand=errand,
    )

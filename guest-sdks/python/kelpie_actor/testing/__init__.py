"""Actors in ordinary unit tests, without a host and without WebAssembly.

    from kelpie_actor.testing import FakeActor

    def test_counting() -> None:
        counter = FakeActor(Counter, key="one")
        assert counter.invoke("add", {"amount": 5}) == {"value": 5}
        assert counter.state == {"value": 5}

A `FakeActor` takes what it is asked the same way as in the component: the same reading
of arguments, the same rejections, the same saving of state. A `FakeContext` alone is
for calling methods oneself: `Counter().add(FakeContext(), 5)`.
"""

from __future__ import annotations

from kelpie_actor.testing.actor import Failed, FakeActor
from kelpie_actor.testing.context import FakeContext
from kelpie_actor.testing.effects import Message
from kelpie_actor.testing.host import FakeHost

__all__ = ["Failed", "FakeActor", "FakeContext", "FakeHost", "Message"]

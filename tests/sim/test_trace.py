from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.sim.trace import Event, Trace, brief, first_difference

PARTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
EVENTS = st.lists(st.tuples(st.text(max_size=5), PARTS), max_size=20)


def _hash(events: list[Event]) -> str:
    trace = Trace()
    for name, part in events:
        trace.event(name, part)
    return trace.hexdigest()


@given(EVENTS, EVENTS)
def test_the_hash_tells_runs_apart(one: list[Event], other: list[Event]) -> None:
    assert (_hash(one) == _hash(other)) == (one == other)
    assert (first_difference(one, other) is None) == (one == other)


def test_the_first_difference_is_named() -> None:
    one: list[Event] = [("a", 1), ("b", 2)]
    assert first_difference(one, [("a", 1), ("b", 3)]) == (
        "event 1: ('b', 2) in one run, ('b', 3) in the other"
    )
    assert first_difference(one, one[:1]) == "event 1: only one run has ('b', 2)"


def test_long_values_are_kept_by_digest() -> None:
    assert brief(b"short") == b"short"
    assert brief(None) is None
    assert brief(b"x" * 100_000) != brief(b"x" * 99_999 + b"y")
    assert len(repr(brief(b"x" * 100_000))) < 200


def test_many_events_keep_their_order() -> None:
    events: list[Event] = [("event", number) for number in range(10_000)]
    trace = Trace(keep=True)
    for name, part in events:
        trace.event(name, part)
    trace.hexdigest()
    assert trace.kept == events
    assert trace.count == 10_000

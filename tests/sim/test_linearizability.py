from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kelpie.sim.history import NEVER, Operation
from kelpie.sim.linearizability import Explained, GaveUp, Unexplained, check
from tests.sim.models import Counter, add, get, lost, put

GOOD: dict[str, list[Operation]] = {
    "nothing": [],
    "one": [add(1, 1, 0, 1)],
    "one after another": [add(1, 1, 0, 1), add(2, 3, 2, 3), get(3, 4, 5)],
    "overlapped, in the other order": [add(1, 3, 0, 5), add(2, 2, 1, 4)],
    "a read beside a write may see it": [add(1, 1, 0, 9), get(1, 1, 2), get(1, 3, 4)],
    "a read beside a write need not see it": [add(1, 1, 0, 9), get(0, 1, 2)],
    "a refusal leaves things alone": [
        put(10, 0, 1),
        add(1, "refused", 2, 3),
        get(10, 4, 5),
    ],
    "an unknown one that never was": [lost("add", 1, 0), get(0, 1, 2), get(0, 3, 4)],
    "an unknown one seen at once": [lost("add", 1, 0), get(1, 1, 2)],
    "an unknown one seen late": [lost("add", 1, 0), get(0, 1, 2), get(1, 3, 4)],
    "two unknown ones alike": [lost("add", 1, 0), lost("add", 1, 1), get(2, 2, 3)],
    "a write that changes nothing now, but later": [
        put(3, 0, 1),
        put(3, 2, 20),
        add(1, 4, 3, 4),
        get(3, 5, 6),
    ],
    "an input that nobody saw": [
        Operation("stamp", None, 0, 1, "ok", inputs=(4, 7)),
        get(7, 2, 3),
    ],
}

BAD: dict[str, list[Operation]] = {
    "stale read": [add(1, 1, 0, 1), get(0, 2, 3)],
    "lost update": [add(1, 1, 0, 3), add(1, 1, 1, 2), get(1, 4, 5)],
    "lost acknowledged write": [add(1, 1, 0, 1), add(1, 2, 2, 3), get(1, 4, 5)],
    "doubled increment": [add(1, 1, 0, 1), get(2, 2, 3)],
    "doubled unknown increment": [lost("add", 1, 0), get(2, 1, 2)],
    "reply from the future": [get(1, 0, 1), add(1, 1, 2, 3)],
    "effect before its invocation": [get(1, 0, 1), lost("add", 1, 2)],
    "reads that go back": [add(1, 1, 0, 9), get(1, 1, 2), get(0, 3, 4)],
    "reads that go back across an unknown": [lost("add", 1, 0), get(1, 1, 2), get(0, 3, 4)],
    "refused, but applied": [put(8, 0, 1), add(5, "refused", 2, 3), get(13, 4, 5)],
    "refused without cause": [add(1, "refused", 0, 1)],
    "applied, but should have been refused": [put(10, 0, 1), add(1, 11, 2, 3)],
    "two readers disagree on the order": [
        put(1, 0, 100),
        put(2, 1, 100),
        get(1, 2, 3),
        get(2, 4, 5),
        get(1, 6, 7),
    ],
    "an input that nobody gave": [
        Operation("stamp", None, 0, 1, "ok", inputs=(4, 7)),
        get(5, 2, 3),
    ],
    "one reply for two": [add(1, 1, 0, 1), add(1, 1, 2, 3)],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_histories(name: str) -> None:
    assert isinstance(check(GOOD[name], Counter()), Explained)


@pytest.mark.parametrize("name", BAD)
def test_bad_histories(name: str) -> None:
    assert isinstance(check(BAD[name], Counter()), Unexplained)


@pytest.mark.parametrize("name", GOOD)
def test_the_order_given_explains(name: str) -> None:
    verdict = check(GOOD[name], Counter())
    assert isinstance(verdict, Explained)
    assert _explains(verdict.order, 0)
    assert {each for each in GOOD[name] if each.known} <= set(verdict.order)


def test_the_operation_that_fits_nowhere_is_named() -> None:
    stale = get(0, 2, 3)
    verdict = check([add(1, 1, 0, 1), stale, get(1, 4, 5)], Counter())
    assert isinstance(verdict, Unexplained)
    assert verdict.stuck == stale
    assert verdict.state == 1


def test_giving_up_is_no_pass() -> None:
    # Many concurrent writes and a read that none of their orders explains.
    history = [put(each, 0, 1000) for each in range(40)] + [get(99, 1001, 1002)]
    assert isinstance(check(history, Counter(), steps_max=500), GaveUp)


def test_many_unknown_ones_alike_are_cheap() -> None:
    history = [lost("add", 1, each) for each in range(60)]
    history += [get(7, 100, 101), get(7, 102, 103), get(8, 104, 105)]
    assert isinstance(check(history, Counter(), steps_max=5_000), Explained)


# Against a checker that tries everything.


def _explains(order: Sequence[Operation], state: Hashable) -> bool:
    """Whether doing these one after another can give the replies they got."""
    if not order:
        return True
    first, *rest = order
    return any(
        _explains(rest, step.state)
        for step in Counter().steps(state, first)
        if not first.known or step.reply == first.reply
    )


def _respects_time(order: Sequence[Operation]) -> bool:
    return all(later.responded >= earlier.invoked for earlier, later in combinations(order, 2))


def _brute_force(history: Sequence[Operation]) -> bool:
    known = [each for each in history if each.known]
    unknown = [each for each in history if not each.known]
    return any(
        _respects_time(order) and _explains(order, 0)
        for count in range(len(unknown) + 1)
        for chosen in combinations(unknown, count)
        for order in permutations([*known, *chosen])
    )


@st.composite
def _true_histories(draw: st.DrawFn, size_max: int) -> list[Operation]:
    """Histories of a true sequential execution: each operation takes effect at
    a point of its own, somewhere inside its interval; some responses are lost."""
    names = draw(st.lists(st.sampled_from(["add", "get", "set", "stamp"]), max_size=size_max))
    state: Hashable = 0
    history = []
    for position, name in enumerate(names):
        point = 10 * position
        argument = None if name in ("get", "stamp") else draw(st.integers(1, 6))
        inputs = (3, 5) if name == "stamp" else ()
        invoked = point - draw(st.integers(1, 35))
        operation = Operation(name, argument, invoked, read_only=name == "get", inputs=inputs)
        step = draw(st.sampled_from(list(Counter().steps(state, operation))))
        state = step.state
        responded = NEVER if draw(st.integers(0, 4)) == 4 else point + draw(st.integers(1, 35))
        history.append(replace(operation, responded=responded, reply=step.reply))
    return draw(st.permutations(history))


@given(_true_histories(40))
def test_true_histories_pass(history: list[Operation]) -> None:
    assert isinstance(check(history, Counter()), Explained)


@given(_true_histories(6), st.data())
@settings(max_examples=300)
def test_agrees_with_trying_everything(history: list[Operation], data: st.DataObject) -> None:
    """Of histories that were tampered with, too."""
    if history:
        position = data.draw(st.integers(0, len(history) - 1))
        chosen = history[position]
        reply = data.draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, "ok", "refused"]))
        history[position] = replace(chosen, reply=reply)
    verdict = check(history, Counter())
    assert isinstance(verdict, Explained) == _brute_force(history)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.sim.tape import Tape, trimmed
from kelpie.sim.trace import Trace

DRAWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 1 << 40)), max_size=200)


def test_a_seed_means_the_same_for_ever() -> None:
    """The draws of a seed are written down here: a command that repeats a
    failure must work tomorrow, and on another machine."""
    tape = Tape.from_seed(12345, Trace())
    assert [tape.draw("order", 1000) for _ in range(4)] == [814, 308, 293, 686]
    assert [tape.draw("fault/x", 1000) for _ in range(2)] == [484, 963]


@given(st.integers(), DRAWS)
def test_draws_lie_within_their_bounds(seed: int, draws: list[tuple[str, int]]) -> None:
    tape = Tape.from_seed(seed, Trace())
    assert all(0 <= tape.draw(label, bound) < bound for label, bound in draws)


@given(st.integers(), DRAWS)
def test_a_recording_repeats_the_draws(seed: int, draws: list[tuple[str, int]]) -> None:
    original = Tape.from_seed(seed, Trace())
    drawn = [original.draw(label, bound) for label, bound in draws]
    again = Tape.replay(seed, original.recording(), Trace())
    assert [again.draw(label, bound) for label, bound in draws] == drawn
    assert again.recording() == original.recording()


def test_labels_do_not_disturb_each_other() -> None:
    alone, mixed = Tape.from_seed(1, Trace()), Tape.from_seed(1, Trace())
    expected = [alone.draw("a", 100) for _ in range(500)]
    found = []
    for _ in range(500):
        mixed.draw("b", 7)
        found.append(mixed.draw("a", 100))
    assert found == expected


def test_behind_its_end_a_recording_is_quiet() -> None:
    tape = Tape.replay(0, {"a": [3]}, Trace())
    assert [tape.draw("a", 10), tape.draw("a", 10), tape.draw("b", 10)] == [3, 0, 0]
    assert tape.between("c", 5, 9) == 5


def test_a_recorded_choice_that_no_longer_fits_is_folded_into_the_bound() -> None:
    assert Tape.replay(0, {"a": [13]}, Trace()).draw("a", 10) == 3


def test_draws_are_noted() -> None:
    one, other = Trace(), Trace()
    Tape.from_seed(1, one).draw("a", 10)
    Tape.from_seed(1, other).draw("a", 10)
    assert one.hexdigest() == other.hexdigest()
    assert Trace().hexdigest() != one.hexdigest()


def test_trimmed() -> None:
    assert trimmed({"a": [0, 1, 0, 0], "b": [0, 0], "c": []}) == {"a": [0, 1]}

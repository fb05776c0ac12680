"""What is told of an uncaught exception."""

from __future__ import annotations

from kelpie_actor.failures import failure_message, traceback_text


def _deep(levels: int) -> None:
    if levels:
        _deep(levels - 1)
    raise ValueError("at the bottom")


def _either(levels: int) -> None:
    _or(levels - 1) if levels else _deep(0)


def _or(levels: int) -> None:
    _either(levels - 1) if levels else _deep(0)


def _raised(levels: int, *, by_turns: bool = False) -> Exception:
    try:
        _either(levels) if by_turns else _deep(levels)
    except ValueError as error:
        return error
    raise AssertionError


def test_a_recursion_is_counted_and_its_message_is_there() -> None:
    error = _raised(500)
    lines = traceback_text(error).split("\n")
    assert len(lines) < 10, lines
    assert "  [the line before is there 499 more times]" in lines
    assert lines[-1] == failure_message(error)


def test_of_many_frames_the_first_and_the_last_are_there() -> None:
    error = _raised(600, by_turns=True)
    text = traceback_text(error)
    assert len(text) < 16_384
    assert "in _raised" in text
    assert "in _deep" in text
    assert "lines are left out here]" in text
    assert text.endswith(failure_message(error))

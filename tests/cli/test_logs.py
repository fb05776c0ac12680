"""The host's log: whoever chooses what is in it cannot choose its form."""

from __future__ import annotations

import logging

import pytest

from kelpie.cli.logs import LineFormatter


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> list[str]:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("kelpie", logging.INFO, "", 1, message, arguments, info)
    return LineFormatter().format(record).split("\n")


def test_every_line_has_its_head() -> None:
    lines = formatted("%s", "one\ntwo\n\nfour")
    assert [line.partition(" INFO kelpie: ")[2] for line in lines] == ["one", "two", "", "four"]
    assert len({line.partition(" INFO ")[0] for line in lines}) == 1


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\rb", r"a\rb"),
        ("a\x85b\u2028c", r"a\x85b\u2028c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("tab\there", r"tab\there"),
        ("é 日本 😀", "é 日本 😀"),
    ],
)
def test_what_is_no_text_is_escaped(told: str, shown: str) -> None:
    (line,) = formatted("%s", told)
    assert line.endswith(f"INFO kelpie: {shown}")


def test_a_traceback_is_there() -> None:
    lines = formatted("it failed", error=ValueError("bad\x1b"))
    assert lines[0].endswith("it failed")
    assert lines[-1].endswith(r"kelpie: ValueError: bad\x1b")

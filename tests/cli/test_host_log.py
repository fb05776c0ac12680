"""The host's log: whoever chooses what is in it cannot choose its form."""

from __future__ import annotations

import json
import logging
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.cli.log_formats import JsonFormatter, LineFormatter, word_for_people


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


def about_turn(message: str, **about: object) -> logging.LogRecord:
    record = logging.LogRecord("kelpie.actor", logging.WARNING, "", 1, "%s", (message,), None)
    record.about = about
    return record


def test_a_line_says_in_whose_turn_it_was_said() -> None:
    record = about_turn("one\ntwo", actor="default/a/b\x1b", turn=7, request_id="r1")
    lines = LineFormatter().format(record).split("\n")
    heads = [line.partition("WARNING kelpie.actor: ")[2] for line in lines]
    assert heads == [
        r"default/a/b\x1b turn 7 [r1]: one",
        r"default/a/b\x1b turn 7 [r1]: two",
    ]


def test_a_word_for_people_is_itself_as_text_and_an_entry_as_json() -> None:
    record = word_for_people("stopping")
    assert LineFormatter().format(record) == "stopping"
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["level"], entry["logger"], entry["message"]) == (
        "info",
        "kelpie.serve",
        "stopping",
    )


@given(st.lists(st.text(), min_size=1), st.text(), st.text())
def test_json_is_one_object_a_line_whatever_is_said(
    lines: list[str], actor: str, request_id: str
) -> None:
    record = about_turn("\n".join(lines), actor=actor, turn=3, request_id=request_id)
    record.lines = lines
    told = JsonFormatter().format(record)
    assert told.isascii()
    entries = [json.loads(line) for line in told.split("\n")]
    assert [entry["message"] for entry in entries] == lines
    for entry in entries:
        assert (entry["level"], entry["logger"]) == ("warning", "kelpie.actor")
        assert (entry["actor"], entry["turn"], entry["request_id"]) == (actor, 3, request_id)
        assert datetime.fromisoformat(entry["time"]).tzinfo is not None


def test_json_has_the_traceback() -> None:
    error = ValueError("bad")
    record = logging.LogRecord("kelpie", logging.ERROR, "", 1, "no", (), (ValueError, error, None))
    entry = json.loads(JsonFormatter().format(record))
    assert entry["message"] == "no"
    assert entry["exception"].endswith("ValueError: bad")


def test_a_traceback_is_there() -> None:
    lines = formatted("it failed", error=ValueError("bad\x1b"))
    assert lines[0].endswith("it failed")
    assert lines[-1].endswith(r"kelpie: ValueError: bad\x1b")

"""No token gets into the log, wherever it comes from."""

from __future__ import annotations

import logging

import pytest

from kelpie.cli.log_formats import JsonFormatter, LineFormatter

SECRET = "kelpie_" + "a2b3" * 14 + "cd"


def _record(message: str, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("kelpie", logging.INFO, "", 0, message, None, None)
    record.__dict__.update(more)
    return record


def _raised() -> logging.LogRecord:
    try:
        raise ValueError(f"Authorization: Bearer {SECRET}")
    except ValueError as error:
        record = _record("it failed")
        record.exc_info = (ValueError, error, error.__traceback__)
        return record


@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter()], ids=["json", "text"])
@pytest.mark.parametrize(
    "record",
    [
        _record(f"hello {SECRET}, and {SECRET!r}"),
        _record("asked", about={"actor": f"default/counter/{SECRET}", "path": f"/{SECRET}"}),
        _record("many", lines=["one", f"two {SECRET}"]),
        _raised(),
    ],
    ids=["message", "about", "lines", "exception"],
)
def test_it_is_taken_out(formatter: logging.Formatter, record: logging.LogRecord) -> None:
    told = formatter.format(record)
    assert SECRET[7:30] not in told
    if formatter.__class__ is JsonFormatter or "two" not in str(record.__dict__.get("lines")):
        assert "kelpie_[redacted]" in told

"""What actors reply and store, on stdout: as it is, but on a terminal such that it
commands none."""

from __future__ import annotations

import argparse
import sys
from base64 import b64encode

from kelpie.api.payloads import is_json
from kelpie.cli.output import print_json
from kelpie.ids import CONTROL, Payload

__all__ = ["print_data", "print_value"]

# Both may stand in JSON, and in what people are to read.
_HARMLESS = "\n\t"


def print_value(options: argparse.Namespace, value: Payload) -> None:
    """As it is, or with `-o json` as an object that says how to read it."""
    if options.output != "json":
        _print_plain(value)
    elif not value.is_text:
        print_json({"encoding": "base64", "value": b64encode(value.data).decode()})
    elif is_json(value.data):
        # As it is: no number loses a digit.
        print_data(b'{"encoding": "json", "value": %b}\n' % value.data)
    else:
        print_json({"encoding": "text", "value": value.data.decode()})


def print_data(data: bytes) -> None:
    """What others have chosen: as it is; on a terminal what that would obey is shown
    in the way of JSON, which it leaves JSON."""
    if sys.stdout.isatty():
        shown = data.decode(errors="backslashreplace")
        data = CONTROL.sub(lambda found: _escaped(found[0]), shown).encode()
    out = sys.stdout.buffer
    out.write(data)
    out.flush()


def _escaped(control: str) -> str:
    return control if control in _HARMLESS else f"\\u{ord(control):04x}"


def _print_plain(value: Payload) -> None:
    """A text ends its line."""
    ended = not value.is_text or value.data.endswith(b"\n")
    print_data(value.data if ended else value.data + b"\n")

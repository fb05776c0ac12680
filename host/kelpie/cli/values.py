"""What actors reply and store, on stdout."""

from __future__ import annotations

import argparse
import sys
from base64 import b64encode

from kelpie.api.payloads import is_json
from kelpie.cli.output import print_json
from kelpie.ids import Payload

__all__ = ["print_value"]


def print_value(options: argparse.Namespace, value: Payload) -> None:
    """As it is, or with `-o json` as an object that says how to read it."""
    if options.output != "json":
        _print_plain(value)
    elif not value.is_text:
        print_json({"encoding": "base64", "value": b64encode(value.data).decode()})
    elif is_json(value.data):
        # As it is: no number loses a digit.
        print(f'{{"encoding": "json", "value": {value.data.decode()}}}')
    else:
        print_json({"encoding": "text", "value": value.data.decode()})


def _print_plain(value: Payload) -> None:
    """A text ends its line."""
    out = sys.stdout.buffer
    out.write(value.data)
    if value.is_text and not value.data.endswith(b"\n"):
        out.write(b"\n")
    out.flush()

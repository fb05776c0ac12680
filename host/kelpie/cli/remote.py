"""The commands that ask a host: invoke and kinds."""

from __future__ import annotations

import argparse
import json
import sys

from kelpie.api.client import Client
from kelpie.cli.output import complain, print_table, say, short_digest, size
from kelpie.cli.with_host import with_host
from kelpie.ids import Payload, text

__all__ = ["invoke", "kinds", "print_payload"]

_WRONG_USAGE = 2


def invoke(options: argparse.Namespace) -> int:
    kind, key = options.actor
    argument = text(b"")
    if options.argument is not None:
        given = sys.stdin.buffer.read() if options.argument == "-" else options.argument
        argument = text(given)
        try:
            json.loads(argument.data)
        except ValueError as error:
            complain(
                f"the argument is no JSON: {error}",
                "try: quote it for the shell, as in '{\"amount\": 2}' or '\"a string\"'",
            )
            return _WRONG_USAGE
    reply = with_host(
        options.url,
        lambda client: client.invoke(
            kind,
            key,
            options.operation,
            argument,
            is_json=options.argument is not None,
            request_id=options.id,
            deadline_ms=options.deadline_ms,
        ),
    )
    print_payload(reply)
    return 0


def kinds(options: argparse.Namespace) -> int:
    deployed = with_host(options.url, Client.kinds)
    if not deployed:
        say("nothing is deployed yet; try: kelpie deploy FILE.wasm")
        return 0
    rows = [
        (
            each["kind"],
            str(each["number"]),
            size(each["size_bytes"]),
            short_digest(each["digest"]),
            each["deployed_at"],
            ", ".join(each["operations"]),
        )
        for each in deployed
    ]
    print_table(("KIND", "DEPLOY", "SIZE", "DIGEST", "DEPLOYED AT", "OPERATIONS"), rows)
    return 0


def print_payload(payload: Payload) -> None:
    """To stdout, as it is; a text ends its line."""
    out = sys.stdout.buffer
    out.write(payload.data)
    if payload.is_text and not payload.data.endswith(b"\n"):
        out.write(b"\n")
    out.flush()

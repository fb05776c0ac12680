"""The commands that ask a host: invoke and kinds."""

from __future__ import annotations

import argparse

from kelpie.api.client import Client
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.cli.json_text import check_json
from kelpie.cli.output import complain, print_json, print_table, say, short_digest, size
from kelpie.cli.reading import read_argument
from kelpie.cli.suggested import suggested
from kelpie.cli.values import print_value
from kelpie.cli.with_host import timeout_s, with_host
from kelpie.ids import text

__all__ = ["invoke", "kinds"]

_WRONG_USAGE = 2


def invoke(options: argparse.Namespace) -> int:
    kind, key = options.actor
    argument = text(b"")
    if options.argument is not None:
        given = read_argument() if options.argument == "-" else options.argument
        argument = text(given)
        try:
            check_json(argument.data)
        except ValueError as error:
            complain(
                f"the argument is no JSON: {error}",
                "try: quote it for the shell, as in '{\"amount\": 2}' or '\"a string\"'",
            )
            return _WRONG_USAGE
    reply = with_host(
        options,
        lambda client: client.invoke(
            kind,
            key,
            options.operation,
            argument,
            is_json=options.argument is not None,
            request_id=options.id,
            timeout=timeout_s(options),
        ),
    )
    print_value(options, reply)
    return 0


def kinds(options: argparse.Namespace) -> int:
    deployed = with_host(options, Client.kinds)
    if not deployed:
        namespace = options.asked_namespace
        where = "" if namespace == DEFAULT_NAMESPACE else f" in the namespace {namespace!r}"
        say(f"nothing is deployed yet{where}; try: {suggested(options, 'deploy', 'FILE.wasm')}")
    if options.output == "json":
        print_json(deployed)
        return 0
    rows = [
        (
            each["kind"],
            str(each["number"]),
            "native" if each["native"] else size(each["size_bytes"]),
            short_digest(each["digest"]),
            each["deployed_at"],
            ", ".join(each["operations"]),
        )
        for each in deployed
    ]
    if rows:
        print_table(("KIND", "DEPLOY", "SIZE", "DIGEST", "DEPLOYED AT", "OPERATIONS"), rows)
    return 0

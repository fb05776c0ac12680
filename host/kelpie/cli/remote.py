"""The commands that ask a host: deploy, invoke, kinds."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from kelpie.api.client import Client
from kelpie.cli.output import complain, print_table, say, size
from kelpie.env import real
from kelpie.env.real import RealEnv
from kelpie.errors import InvalidRequest
from kelpie.ids import Payload, text

__all__ = ["deploy", "invoke", "kinds"]

Result = TypeVar("Result")

_DIGEST_DIGITS_SHOWN = 12
_WRONG_USAGE = 2


def deploy(options: argparse.Namespace) -> int:
    upload = options.file.read_bytes()
    kind = options.name or _kind_of(options.file)
    deployed = _with_host(options.url, lambda client: client.deploy(kind, upload))
    what = f"{deployed['kind']}, deploy {deployed['number']}, {size(deployed['size_bytes'])}"
    if deployed["changed"]:
        print(f"deployed {what}")
    else:
        print(f"unchanged: {what} is this very component")
    operations = [operation["name"] for operation in deployed["operations"]]
    if operations:
        say(f"operations: {', '.join(operations)}")
        say(f"try: kelpie invoke {kind}/alice {operations[0]}")
    return 0


def invoke(options: argparse.Namespace) -> int:
    kind, slash, key = options.actor.partition("/")
    if not (slash and key):
        complain(f"{options.actor!r} names no actor: write KIND/KEY, as in counter/alice")
        return _WRONG_USAGE
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
    reply = _with_host(
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
    _print_reply(reply)
    return 0


def kinds(options: argparse.Namespace) -> int:
    deployed = _with_host(options.url, Client.kinds)
    if not deployed:
        say("nothing is deployed yet; try: kelpie deploy FILE.wasm")
        return 0
    rows = [
        (
            each["kind"],
            str(each["number"]),
            size(each["size_bytes"]),
            each["digest"][:_DIGEST_DIGITS_SHOWN],
            each["deployed_at"],
            ", ".join(each["operations"]),
        )
        for each in deployed
    ]
    print_table(("KIND", "DEPLOY", "SIZE", "DIGEST", "DEPLOYED AT", "OPERATIONS"), rows)
    return 0


def _with_host(url: str, ask: Callable[[Client], Awaitable[Result]]) -> Result:
    async def with_client(_env: RealEnv) -> Result:
        async with Client(url) as client:
            return await ask(client)

    return real.run(with_client, _on_fault)


def _on_fault(what: str, error: BaseException | None) -> None:
    say(f"kelpie: {what}: {error}")


def _kind_of(file: Path) -> str:
    """The kind that a file's name suggests: `my_counter.wasm` is `my-counter`."""
    kind = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")
    if not kind or not kind[0].isalpha():
        raise InvalidRequest(f"{file.name!r} suggests no kind: name one with --name")
    return kind


def _print_reply(reply: Payload) -> None:
    out = sys.stdout.buffer
    out.write(reply.data)
    if reply.is_text and not reply.data.endswith(b"\n"):
        out.write(b"\n")
    out.flush()

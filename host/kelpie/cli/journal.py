"""The commands that ask a host for journals: journal and export."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.output import complain, print_json, print_table, printable, say, size
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host

__all__ = ["export", "journal"]

_WRONG_USAGE = 2
_PAGE_ENTRIES_MAX = 1000

_MEANINGS = {
    "off": "nothing of its turns is kept",
    "failures": "when a turn fails, it is kept with all that its instance ran before",
    "all": "all of its turns are kept",
}


def journal(options: argparse.Namespace) -> int:
    kind, key = options.whose
    if key is None:
        return _policy(options, kind)
    if options.policy is not None:
        complain(
            f"{kind}/{key} is an actor, and what is kept is set for its kind",
            f"try: {suggested(options, 'journal', kind, '--policy', options.policy)}",
        )
        return _WRONG_USAGE
    found, more = with_host(options, lambda client: _turns(client, kind, key, options.limit))
    if options.output == "json":
        print_json({"turns": found, "more": more})
    elif found:
        _print_turns(found)
        if more:
            say("there are older ones: raise --limit")
        last = found[0]["turn"]
        then = suggested(options, "export", f"{kind}/{key}", "--turns", f"{last}..{last}")
        say(f"to run one again: {then}")
    else:
        say(f"no turn of {kind}/{key} is kept")
        say(f"to see what is kept of turns: {suggested(options, 'journal', kind)}")
    return 0


def export(options: argparse.Namespace) -> int:
    kind, key = options.actor
    begin, end = options.turns
    bundle = with_host(options, lambda client: client.export(kind, key, begin=begin, end=end))
    file: Path = options.file or Path(f"{kind}.bundle")
    _write_private(file, bundle)
    if options.output == "json":
        print_json({"file": str(file), "size_bytes": len(bundle)})
    else:
        print(f"exported {kind}/{key} to {file}, {size(len(bundle))}")
    say(f"try: kelpie replay {file}")
    return 0


def _write_private(file: Path, bundle: bytes) -> None:
    """What actors were asked and what they stored is nobody else's to read."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(bundle)


async def _turns(
    client: Client, kind: str, key: str, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    more, before = True, None
    while more and len(found) < limit:
        count = min(limit - len(found), _PAGE_ENTRIES_MAX)
        page = await client.journal(kind, key, before=before, limit=count)
        found += page["turns"]
        more = page["more"]
        before = found[-1]["position"] if found else None
    return found, more


def _print_turns(turns: list[dict[str, Any]]) -> None:
    rows = [
        (
            str(each["turn"]),
            each["at"],
            each["operation"] or "(batch)",
            "replied" if each["error"] is None else each["error"]["code"],
            str(each["host_calls"]),
            f"{each['fuel']:,}",
            str(each["version"]),
            str(each["instance"]),
            each["request_id"],
        )
        for each in turns
    ]
    head = ("TURN", "AT", "OPERATION", "ENDED", "CALLS", "FUEL", "VERSION", "INSTANCE", "REQUEST")
    print_table(head, rows)


def _policy(options: argparse.Namespace, kind: str) -> int:
    wanted = options.policy
    if wanted is None:
        found = with_host(options, lambda client: client.journal_policy(kind))
    else:
        found = with_host(options, lambda client: client.set_journal_policy(kind, wanted))
    policy = found["policy"]
    if options.output == "json":
        print_json(found)
    else:
        print(printable(f"{kind}: {policy}"))
        if policy in _MEANINGS:
            say(_MEANINGS[policy])
    return 0

"""The command that deletes an actor, and asks first."""

from __future__ import annotations

import argparse
import sys

from kelpie.cli.output import complain, print_json, printable, say
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host

__all__ = ["run"]

_FAILED = 1
_WRONG_USAGE = 2


def run(options: argparse.Namespace) -> int:
    kind, key = options.actor
    if not options.yes:
        if not sys.stdin.isatty():
            complain(
                "nobody is there to be asked whether it shall be deleted",
                f"try: {suggested(options, 'delete', f'{kind}/{key}', '--yes')}",
            )
            return _WRONG_USAGE
        if not _confirmed(f"delete {kind}/{key}, its state and its kv? This cannot be undone"):
            say("nothing was deleted")
            return _FAILED
    deleted = with_host(options, lambda client: client.delete_actor(kind, key, force=options.force))
    if options.output == "json":
        print_json(deleted)
    elif deleted["deleted"]:
        print(printable(f"deleted {kind}/{key}"))
    else:
        print(printable(f"{kind}/{key} had neither state nor kv: nothing was deleted"))
    return 0


def _confirmed(question: str) -> bool:
    # `input` would ask on stdout, which is for data.
    sys.stderr.write(printable(f"{question} [y/N] "))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}

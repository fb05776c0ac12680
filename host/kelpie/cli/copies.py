"""`kelpie backup` and `kelpie restore`: copies of the embedded store. Neither needs a host."""

from __future__ import annotations

import argparse

from kelpie.cli.output import print_json, say, size
from kelpie.cli.suggested import suggested
from kelpie.store.sqlite.copies import Contents, back_up, restore
from kelpie.store.sqlite.directory import changeable_by_others

__all__ = ["run_backup", "run_restore"]


def run_backup(options: argparse.Namespace) -> int:
    _tell(options, "backed up", back_up(options.data.absolute(), options.file))
    say(f"restore it with: {suggested(options, 'restore', str(options.file), '--data', 'DIR')}")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    data = options.data.absolute()
    _tell(options, "restored", restore(options.file, data))
    for each in changeable_by_others(data):
        say(f"kelpie: warning: others can change {each}: chmod go-w {each}")
    say(f"serve it with: {suggested(options, 'serve', '--data', str(options.data))}")
    return 0


def _tell(options: argparse.Namespace, done: str, contents: Contents) -> None:
    if options.output == "json":
        print_json({"values": contents.pairs, "bytes": contents.bytes})
    else:
        print(f"{done}: {contents.pairs} values, {size(contents.bytes)}, every one checked")

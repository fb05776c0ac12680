"""What people read: talk, tables and errors."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote

from kelpie.api.manual import error_page
from kelpie.cli.colors import bold, red
from kelpie.cli.json_text import json_text
from kelpie.errors import KelpieError
from kelpie.ids import on_one_line

__all__ = [
    "complain",
    "print_json",
    "print_table",
    "printable",
    "say",
    "short_digest",
    "size",
    "tell_error",
    "told_of",
]

_WHO = "kelpie: "
_KIB = 1024
# Where a host says that a bundle is.
_BUNDLE = re.compile(
    r"/v1/bundles/(?P<kind>[^/?]+)/(?P<key>[^/?]+)\?(namespace=[^&]+&)?from=(?P<begin>\d+)&to=(?P<end>\d+)"
)
_UNITS = ("KiB", "MiB", "GiB")
_DIGEST_DIGITS_SHOWN = 12

# What to try next, by the error's code; an error's own message comes first.
_NEXT = {
    "kind-not-found": "see what is deployed with `kelpie kinds`",
    "version-not-found": "see which versions there are with `kelpie versions KIND`",
    "kind-in-use": "--force deletes what they hold as well; it cannot be undone",
    "deploy-breaking": "the same without --strict, if nobody calls what it removes or narrows",
    "imports-not-granted": "--grant with what it needs, or --grant all",
    "configuration-full": "see what is set with `kelpie config KIND` and `kelpie secret KIND`",
    "turns-not-found": "see which turns there are with `kelpie journal KIND/KEY`",
    "replay-diverged": "export a journal and see all of it with `kelpie replay BUNDLE --with "
    "FILE.wasm`; with --allow-divergence it is deployed all the same",
    "turn-not-in-flight": "see which are in flight with `kelpie turns`",
    "value-not-found": "`kelpie show KIND/KEY` says whether the actor was ever used",
    "batch-unsupported": "`kelpie stream`, which runs each operation in a turn of its own",
    "component-refused": "`kelpie inspect FILE.wasm` shows what it imports and exports",
    "component-not-deterministic": "look up below what makes an actor differ; "
    "--no-determinism-check deploys it all the same",
    "component-invalid": "build the actor first, and give the .wasm file",
    "data-directory-locked": "stop that host, or give another directory with --data",
    "request-mismatch": "leave --id out, or use a new one",
    "unauthenticated": "set KELPIE_TOKEN; whoever runs the host makes tokens with "
    "`kelpie token create`",
    "token-not-found": "see which there are with `kelpie token list`",
    "token-exists": "see which there are with `kelpie token list`",
    "store-full": "make room on the disk, then the same again",
    "host-fault": "the host's log has more",
}


def printable(told: str) -> str:
    """What others have chosen, line by line, such that it commands no terminal."""
    return "\n".join(map(on_one_line, told.split("\n")))


def say(told: str) -> None:
    """Talk, to stderr. If nobody reads it any more, it is not said."""
    _say(printable(told))


def _say(told: str) -> None:
    # There is nobody to tell that there is nobody.
    with suppress(OSError, ValueError):
        # Where both go to one place, what was printed before comes before.
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        print(told, file=sys.stderr, flush=True)


def complain(message: str, *then: str) -> None:
    """A mistake, and what to try next."""
    _say_complaint(_complaint(message, *then))


def _complaint(message: str, *then: str) -> str:
    return "\n  ".join((f"{_WHO}{message}", *then))


def _say_complaint(told: str) -> None:
    _say(red(_WHO, sys.stderr) + printable(told.removeprefix(_WHO)))


def tell_error(error: KelpieError, advice: str | None = None) -> None:
    """An error of the tree, to stderr: see `told_of`."""
    _say_complaint(told_of(error, advice))


def told_of(error: KelpieError, advice: str | None = None) -> str:
    """An error of the tree: what, why, and what to try next."""
    then = [error.message]
    rejection = error.details.get("rejection")
    if rejection is not None:
        then.append(f"the actor's code: {rejection}")
    reasons = error.details.get("reasons")
    if isinstance(reasons, list) and len(reasons) > 1:
        then[0:1] = [f"- {reason}" for reason in reasons]
    if "index" in error.details:
        then.append(f"the operation's index, counted from 0: {error.details['index']}")
    bundle = error.details.get("bundle")
    if bundle is not None and (found := _BUNDLE.fullmatch(str(bundle))):
        then.append(f"to run it again: {_export_of(found)}, then kelpie replay")
    request_id = error.details.get("request_id")
    if request_id is not None:
        then.append(f"the request's id: {request_id}")
    if advice is not None:
        then.append(advice)
    elif error.code in _NEXT:
        then.append(f"try: {_NEXT[error.code]}")
    elif error.retryable:
        then.append("try: the same again, in a moment")
    then.append(f"more: {error.page or error_page(error.code)}")
    return _complaint(f"{error.title} ({error.code})", *then)


def _export_of(bundle: re.Match[str]) -> str:
    """The command that fetches it."""
    kind, key = map(unquote, bundle.group("kind", "key"))
    turns = f"{bundle['begin']}..{bundle['end']}"
    return f"kelpie export {shlex.quote(f'{kind}/{key}')} --turns {turns}"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A compact table, to stdout."""
    lines = [list(map(on_one_line, line)) for line in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for at, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        told = "  ".join(cells).rstrip()
        print(told if at else bold(told, sys.stdout))


def print_json(value: object) -> None:
    """What a program reads, to stdout."""
    print(json_text(value, indent=2))


def short_digest(digest: str) -> str:
    """As much of a digest as tells it from others."""
    return digest[:_DIGEST_DIGITS_SHOWN]


def size(count: int) -> str:
    """A number of bytes, rounded."""
    if count < _KIB:
        return f"{count} B"
    power = min((count.bit_length() - 1) // 10, len(_UNITS))
    return f"{count / _KIB**power:,.1f} {_UNITS[power - 1]}"

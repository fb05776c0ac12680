"""The commands about versions of kinds: deploy, check, versions, rollback, undeploy."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kelpie.api.client import Client
from kelpie.cli.operations import told_operations
from kelpie.cli.output import print_json, print_table, say, short_digest, size
from kelpie.cli.progress import Progress
from kelpie.cli.reading import read_upload
from kelpie.cli.suggested import suggested
from kelpie.cli.with_host import with_host
from kelpie.errors import InvalidRequest
from kelpie.ids import on_one_line
from kelpie.wasm.contract import interfaces
from kelpie.wasm.description import Operation

__all__ = ["check", "deploy", "kind_of", "list_versions", "roll_back", "undeploy"]


def deploy(options: argparse.Namespace) -> int:
    upload = read_upload(options.file)
    kind = options.name or kind_of(options.file)
    with Progress() as progress:
        deployed = with_host(
            options,
            lambda client: client.deploy(
                kind,
                upload,
                strict=options.strict,
                grant=options.grant,
                no_determinism_check=options.no_determinism_check,
                shadow=options.shadow,
                allow_divergence=options.allow_divergence,
                on_sent=_telling(progress, kind, len(upload)),
            ),
        )
    what = f"{kind}, version {deployed['number']}, {size(deployed['size_bytes'])}"
    if options.output == "json":
        print_json(deployed)
    elif deployed["changed"]:
        print(on_one_line(f"deployed {what}"))
    else:
        print(on_one_line(f"unchanged: {what} is this very component"))
    _say_changes(deployed["changes"])
    _say_shadow(deployed["shadow"])
    say(f"imports: {_told_imports(deployed)}")
    operations = deployed["operations"]
    if operations:
        say(f"operations: {_told_operations(operations)}")
        say(f"try: {suggested(options, 'invoke', f'{kind}/alice', operations[0]['name'])}")
    if _is_breaking(deployed["changes"]):
        say(f"to undo it: {suggested(options, 'rollback', kind)}")
    return 0


def check(options: argparse.Namespace) -> int:
    """Exit status 1 with --strict, if the deploy would be refused."""
    upload = read_upload(options.file)
    kind = options.name or kind_of(options.file)
    with Progress() as progress:
        checked = with_host(
            options,
            lambda client: client.check(
                kind,
                upload,
                strict=options.strict,
                grant=options.grant,
                no_determinism_check=options.no_determinism_check,
                shadow=options.shadow,
                allow_divergence=options.allow_divergence,
                on_sent=_telling(progress, kind, len(upload)),
            ),
        )
    if options.output == "json":
        print_json(checked)
    else:
        _print_check(checked)
    if checked["changed"]:
        then = suggested(options, "deploy", str(options.file), "--name", kind)
        say(f"nothing was deployed; try: {then}")
    return 0


def list_versions(options: argparse.Namespace) -> int:
    async def every(client: Client) -> list[dict[str, Any]]:
        found, more = await client.versions(options.kind, limit=options.limit)
        while more and (options.limit is None or len(found) < options.limit):
            rest = None if options.limit is None else options.limit - len(found)
            page, more = await client.versions(options.kind, before=found[-1]["number"], limit=rest)
            found += page
        return found

    versions = with_host(options, every)
    if options.output == "json":
        print_json(versions)
        return 0
    rows = [
        (
            str(each["number"]),
            "current" if each["current"] else "",
            short_digest(each["digest"]),
            size(each["size_bytes"]),
            each["deployed_at"],
            _told_differences(each["differences"]),
            _told_grants(each),
            str(len(each["operations"])),
        )
        for each in versions
    ]
    head = ("VERSION", "", "DIGEST", "SIZE", "DEPLOYED AT", "WHAT IS NEW", "GRANTS", "OPERATIONS")
    print_table(head, rows)
    if len(versions) > 1:
        say(f"to go back to one: {suggested(options, 'rollback', options.kind, '--to', 'VERSION')}")
    return 0


def roll_back(options: argparse.Namespace) -> int:
    kind = options.kind
    current = with_host(options, lambda client: client.roll_back(kind, options.to))
    what = f"{kind}, version {current['number']}, {short_digest(current['digest'])}"
    if options.output == "json":
        print_json(current)
    elif current["changed"]:
        was = "" if options.to is None else f", as version {options.to} was"
        print(on_one_line(f"rolled back {what}{was}"))
    else:
        print(on_one_line(f"unchanged: {what} is that very version"))
    _say_changes(current["changes"])
    if current["changed"]:
        before = str(current["number"] - 1)
        say(f"to undo it: {suggested(options, 'rollback', kind, '--to', before)}")
    return 0


def undeploy(options: argparse.Namespace) -> int:
    kind = options.kind
    deleted = with_host(options, lambda client: client.delete_kind(kind, force=options.force))
    if options.output == "json":
        print_json(deleted)
    else:
        actors = deleted["actors"]
        kept = f", and what it kept of {actors} actor{'s' if actors > 1 else ''}" if actors else ""
        print(on_one_line(f"deleted {kind}{kept}"))
    then = suggested(options, "deploy", "FILE.wasm", "--name", kind)
    say(f"to have it again, without what it kept: {then}")
    return 0


def _telling(progress: Progress, kind: str, total: int) -> Callable[[int], None]:
    """What tells how far an upload is."""

    def on_sent(sent: int) -> None:
        if sent < total:
            progress.show_part(f"uploading {kind}", sent, total)
        else:
            progress.show(
                f"uploaded {kind}: the host looks into it, and compiles it, "
                "the first time with tools of its own ..."
            )

    return on_sent


def _print_check(checked: dict[str, Any]) -> None:
    kind, current = checked["kind"], checked["current"]
    what = f"{kind}, {size(checked['size_bytes'])}, {short_digest(checked['digest'])}"
    if current is None:
        print(on_one_line(f"new: {what}"))
    elif not checked["changed"]:
        print(on_one_line(f"unchanged: {what} is version {current}, which is current"))
    else:
        print(on_one_line(f"changed: {what} would take the place of version {current}"))
    print(on_one_line(f"imports: {_told_imports(checked)}"))
    print(on_one_line(f"operations: {_told_operations(checked['operations'])}"))
    for line in _told_changes(checked["changes"]):
        print(line)
    _say_shadow(checked["shadow"])


def _told_operations(operations: list[dict[str, Any]]) -> str:
    return told_operations(
        Operation(each["name"], read_only=each["read_only"], durable=each["durable"])
        for each in operations
    )


def _told_imports(deploy: dict[str, Any]) -> str:
    imports = ", ".join(interfaces(deploy["imports"])) or "nothing"
    grants = deploy["grants"]
    if grants is None:
        return f"{imports} (granted: all of it)"
    return f"{imports} (granted: {', '.join(grants) or 'nothing'})"


def _told_grants(deploy: dict[str, Any]) -> str:
    """What a version may import: `all` is what its component does."""
    grants = deploy["grants"]
    return (
        f"all ({','.join(interfaces(deploy['imports']))})" if grants is None else ",".join(grants)
    )


def _told_differences(differences: dict[str, Any]) -> str:
    told = [each for each in ("component", "grants") if differences[each]]
    for sort in ("config", "secrets"):
        # None: not told to those who may not deploy.
        names = differences[sort] or {"set": (), "unset": ()}
        marked = [f"+{name}" for name in names["set"]] + [f"-{name}" for name in names["unset"]]
        if marked:
            told.append(f"{sort} {' '.join(marked)}")
    return ", ".join(told)


def _say_changes(changes: dict[str, Any]) -> None:
    for line in _told_changes(changes):
        say(line)


def _say_shadow(shadow: dict[str, Any] | None) -> None:
    """What a deploy does with recorded turns, if it was tried on some."""
    if shadow is None:
        return
    if shadow["divergence"] is not None:
        say(f"recorded turns do not run as they did: {shadow['divergence']['what']}")
        return
    say(f"recorded turns: {shadow['changed']} of {shadow['turns']} come out differently")
    for each in shadow["changes"]:
        what = "its reply" if each["call"] is None else f"host call {each['call']}"
        say(f"turn {each['turn']}, {each['operation']}, {what}")
        say(f"  before  {each['before']}")
        say(f"  after   {each['after']}")


def _told_changes(changes: dict[str, Any]) -> list[str]:
    told = [f"{what}: {', '.join(changes[what])}" for what in ("added", "removed") if changes[what]]
    if changes["imports"]:
        told.append(f"imports that it did not have before: {', '.join(changes['imports'])}")
    if changes["batches_gone"]:
        told.append("removed: batches")
    told += [
        f"narrowed: {each['operation']}: {reason}"
        for each in changes["narrowed"]
        for reason in each["reasons"]
    ]
    # Names are the component's own.
    return list(map(on_one_line, told))


def _is_breaking(changes: dict[str, Any]) -> bool:
    return bool(changes["removed"] or changes["narrowed"] or changes["batches_gone"])


def kind_of(file: Path) -> str:
    """The kind that a file's name suggests: `my_counter.wasm` is `my-counter`."""
    kind = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")
    if not kind or not kind[0].isalpha():
        raise InvalidRequest(f"{file.name!r} suggests no kind: name one with --name")
    return kind

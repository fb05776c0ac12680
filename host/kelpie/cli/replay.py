"""`kelpie replay`: a bundle is run again, without a host, and compared."""

from __future__ import annotations

import argparse
from base64 import b64encode

from kelpie.cli.output import print_json, print_table, printable, say
from kelpie.cli.reading import read_upload
from kelpie.cli.replayed import print_divergence, read_file, run_again, with_engine
from kelpie.ids import Payload
from kelpie.journal.bundles import Bundle
from kelpie.journal.comparison import Comparison, compare
from kelpie.journal.expected import shown
from kelpie.journal.replay import Held
from kelpie.journal.summary import Summary
from kelpie.limits import Limits
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.turn import Component

__all__ = ["run"]

_DIVERGED = 1


def run(options: argparse.Namespace) -> int:
    """Exit status 1 if something was not as recorded."""
    bundle = read_file(options.bundle)
    if options.other is not None:
        return _compare(options, bundle)
    summary = run_again(bundle, options.until)
    held = summary.held if options.until is not None else None
    if options.output == "json":
        print_json({**_view(bundle, summary), **({} if held is None else _held_view(held))})
    elif summary.divergence is not None:
        print_divergence(summary.divergence)
    else:
        _print(bundle, summary)
        if held is not None:
            _print_held(held, summary.turn)
    return 0 if summary.divergence is None else _DIVERGED


def _view(bundle: Bundle, summary: Summary) -> dict[str, object]:
    found = summary.divergence
    return {
        "actor": bundle.head.actor,
        "namespace": bundle.head.namespace,
        "identical": found is None,
        "turns": summary.turns,
        "host_calls": summary.host_calls,
        "instances": summary.instances,
        "divergence": None if found is None else found._asdict(),
        "stopped": summary.stopped,
    }


def _print(bundle: Bundle, summary: Summary) -> None:
    turns, calls = f"{summary.turns:,} turns", f"{summary.host_calls:,} host calls"
    print(f"identical: {turns}, {calls}, {summary.instances:,} instances")
    for each in summary.stopped:
        say(f"turn {each['turn']} was not run to its end: {each['why']}")
    if bundle.secrets:
        say(f"secrets are not in a bundle; stand-ins were read: {', '.join(bundle.secrets)}")


def _held_view(held: Held) -> dict[str, object]:
    return {
        "state": None if held.state is None else _value_view(held.state),
        "kv": {
            key.decode(errors="replace"): _value_view(value)
            for key, value in sorted(held.kv.items())
            if value is not None
        },
        "log": [each._asdict() for each in held.log],
    }


def _value_view(value: Payload) -> dict[str, str]:
    if value.is_text:
        return {"encoding": "text", "value": value.data.decode(errors="replace")}
    return {"encoding": "base64", "value": b64encode(value.data).decode()}


def _print_held(held: Held, turn: int) -> None:
    """What there was behind the last turn. Of kv what these turns have shown of it."""
    print(printable(f"state behind turn {turn}: {shown(held.state)}"))
    for key, value in sorted(held.kv.items()):
        if value is not None:
            print(printable(f"kv {shown(key)}: {shown(value)}"))
    for level, message in held.log:
        print(printable(f"log {level}: {message}"))


def _compare(options: argparse.Namespace, bundle: Bundle) -> int:
    """Exit status 1 if the other component does something else."""
    upload = read_upload(options.other)

    async def work(engine: WasmEngine, limits: Limits) -> Comparison:
        other = await engine.load(await engine.componentize(upload))

        async def component_of(digest: str) -> Component:
            return await engine.load(bundle.components[digest])

        return await compare(bundle.flown, other, component_of, limits)

    found = with_engine(bundle, work)
    if options.output == "json":
        print_json(found.told())
    elif found.divergence is not None:
        print_divergence(found.divergence)
    else:
        _print_comparison(found)
    return 0 if found.is_same else _DIVERGED


def _print_comparison(found: Comparison) -> None:
    if found.changed:
        print(f"changed: {found.changed:,} of {found.turns:,} turns do something else")
    else:
        print(f"the same: {found.turns:,} turns, all calls and replies")
    for each in found.changes:
        what = "its reply" if each.call is None else f"host call {each.call}"
        print(printable(f"turn {each.turn}, {each.operation}, {what}"))
        print(printable(f"  before  {each.before}"))
        print(printable(f"  after   {each.after}"))
    rows = [
        (
            name,
            str(each.turns),
            str(each.changed_calls),
            str(each.changed_replies),
            f"{each.fuel_before // each.turns:,}",
            f"{each.fuel_after // each.turns:,}",
        )
        for name, each in sorted(found.operations.items())
    ]
    print_table(("OPERATION", "TURNS", "CALLS", "REPLIES", "FUEL BEFORE", "AFTER"), rows)

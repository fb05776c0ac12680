"""`kelpie state --at`: the state of an actor as it was, from its journal."""

from __future__ import annotations

import argparse

from kelpie.cli.output import say
from kelpie.cli.replayed import print_divergence, run_again
from kelpie.cli.values import print_value
from kelpie.cli.with_host import with_host
from kelpie.journal.bundles import read_bundle
from kelpie.limits import DEFAULT_LIMITS

__all__ = ["past_state"]

_FAILED = 1


def past_state(options: argparse.Namespace) -> int:
    """Its turns up to then are fetched, and run again here. Exit status 1 if it had no
    state, or if they do not run as they did."""
    (kind, key), at = options.actor, options.at
    bundle = with_host(options, lambda client: client.export(kind, key, begin=at, end=at))
    summary = run_again(read_bundle(bundle, DEFAULT_LIMITS), at)
    if summary.divergence is not None:
        print_divergence(summary.divergence)
        return _FAILED
    for each in summary.stopped:
        say(f"turn {each['turn']} was not run to its end: {each['why']}")
    state = None if summary.held is None else summary.held.state
    if state is None:
        say(f"{kind}/{key} had no state behind turn {at}")
        return _FAILED
    print_value(options, state)
    return 0

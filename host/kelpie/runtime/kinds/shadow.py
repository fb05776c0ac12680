"""A component that is about to be deployed, tried on the latest turns of its kind.

Nobody sees anything of it: each turn is run with what the journal has of it, in
the component that ran it then and in the new one.
"""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import ComponentTooCostly, ReplayDiverged, TurnsNotFound
from kelpie.ids import Address
from kelpie.journal.birth import Flown, unpack_birth
from kelpie.journal.comparison import Comparison, compare
from kelpie.journal.entries import EntryInvalid
from kelpie.runtime.kinds.actor_scan import next_actor
from kelpie.runtime.kinds.components import Components
from kelpie.runtime.node import Node
from kelpie.runtime.views.journal_reading import instances, read_made_of, rows_up_to
from kelpie.runtime.views.journal_rows import Known, written_of
from kelpie.store.journal_keys import JournalKeys
from kelpie.store.keyspace import ActorKeys, actors_of
from kelpie.store.reading import reading
from kelpie.wasm.turn import Component

__all__ = ["check_same", "run_shadow"]

_ACTORS_AT_ONCE = 100


class _Candidate(NamedTuple):
    begun_ns: int
    address: Address
    known: Known
    turns: int


async def run_shadow(
    node: Node, components: Components, component: Component, namespace: str, kind: str, turns: int
) -> Comparison:
    """Runs at least the latest `turns` turns, if there are as many, and whole instances.

    Raises:
        TurnsNotFound: no turn of the kind is in a journal.
        ComponentTooCostly: it takes longer than `shadow_wall_time_ms_max`.
        ActorError: it cannot be instantiated.
        StoreError
    """
    candidates = await _candidates(node, namespace, kind)
    taken: list[Flown] = []
    count = 0
    for each in candidates:
        if count >= turns:
            break
        flown = await _read(node, each)
        if flown is not None:
            taken.append(flown)
            count += len(flown.entries)
    if not count:
        raise TurnsNotFound(
            f"no turn of {kind!r} is in a journal: have them kept with "
            f"`kelpie journal {kind} --policy all`, or deploy without --shadow"
        )
    try:
        return await node.env.within(
            node.limits.shadow_wall_time_ms_max,
            compare(taken, component, components.get, node.limits),
        )
    except TimeoutError as error:
        raise ComponentTooCostly(
            f"running {count} turns again takes longer than {node.limits.shadow_wall_time_ms_max} "
            "ms (shadow_wall_time_ms_max): try fewer"
        ) from error


async def _candidates(node: Node, namespace: str, kind: str) -> list[_Candidate]:
    """The latest instance of each actor, the latest one first; of so many actors as
    are looked at."""
    found: list[_Candidate] = []
    rest = actors_of(namespace, kind)
    for examined in range(node.limits.actor_page_examined_max):
        with reading(node.store) as transaction:
            first = await next_actor(transaction, rest, snapshot=True)
            if first is None:
                break
            actor, rest = first
            keys = JournalKeys(actor.prefix)
            async for known in instances(transaction, keys):
                turns, _ = await written_of(transaction, keys, known.flight)
                found.append(_Candidate(known.begun_ns, actor.address, known, turns))
                break
        if examined % _ACTORS_AT_ONCE == 0:
            await node.env.sleep(0)
    return sorted(found, key=lambda each: each.begun_ns, reverse=True)


async def _read(node: Node, candidate: _Candidate) -> Flown | None:
    """Its turns; None if they have left the journal by now, or cannot be read."""
    keys = JournalKeys(ActorKeys(candidate.address).prefix)
    with reading(node.store) as transaction:
        made_of = await read_made_of(transaction, keys, candidate.known.flight)
        rows = await rows_up_to(transaction, keys, candidate.known.flight, None)
    if made_of is None:
        return None
    try:
        return Flown(unpack_birth(made_of), [entry for row in rows for entry in row.entries])
    except EntryInvalid:
        return None


def check_same(found: Comparison) -> None:
    """
    Raises:
        ReplayDiverged: something else was done; `details` say where.
    """
    if found.divergence is not None:
        raise ReplayDiverged(
            f"the turns that are in the journal do not run as they did, even in the component "
            f"that ran them: {found.divergence}"
        )
    if found.changed:
        first = found.changes[0]
        what = "it replied" if first.call is None else f"host call {first.call} was"
        raise ReplayDiverged(
            f"{found.changed} of {found.turns} recorded turns come out differently; the first is "
            f"turn {first.turn}, {first.operation!r}: {what} {first.before}, and now {first.after}",
            turns=found.turns,
            changed=found.changed,
            changes=[each._asdict() for each in found.changes],
        )

"""The limits of the journal, and of what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.limit import KIB, MIB, limit
from kelpie.limits.messaging import MessagingLimits

__all__ = ["JournalLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class JournalLimits(MessagingLimits):
    """Those of `Limits` that are about journals and replay."""

    journal_memory_bytes_max: int = limit(
        64 * MIB,
        "turns of all actors that are kept until one fails; beyond it the oldest instances, and "
        "what they did, are forgotten",
    )
    journal_instance_turns_max: int = limit(
        1_000, "turns of an instance whose turns are journaled; then it is made anew"
    )
    journal_instance_bytes_max: int = limit(
        4 * MIB, "what these turns take in memory; then it is made anew"
    )
    journal_argument_bytes_max: int = limit(
        4 * KIB, "an argument of a host call, or a reply, in a journal; else its digest is"
    )
    journal_turn_bytes_max: int = limit(
        1 * MIB, "one turn in a journal; else only that it was is kept, and a replay stops there"
    )
    journal_waiting_bytes_max: int = limit(
        128 * KIB, "turns that commit nothing and wait for a commit to ride on; then they get one"
    )
    journal_turns_max: int = limit(
        20_000, "turns in the journal of one actor; beyond it the oldest instances go"
    )
    journal_bytes_max: int = limit(
        64 * MIB, "the journal of one actor; beyond it the oldest instances go"
    )
    journal_age_ms_max: int = limit(
        7 * 24 * 3_600_000, "the age of an instance in a journal, when the next one is added"
    )
    journal_instances_trimmed_max: int = limit(
        16, "old instances that leave a journal whenever one is added; others follow"
    )
    journal_failure_pause_ms: int = limit(
        1_000, "time between two failures of one actor that are journaled; others are not"
    )
    journal_page_entries_max: int = limit(
        1_000, "turns in a page of a journal's list; more follow; `invalid-request`"
    )
    shadow_turns_max: int = limit(
        10_000, "turns that a component is tried on before it is deployed; `invalid-request`"
    )
    shadow_wall_time_ms_max: int = limit(60_000, "the time that may take; `component-too-costly`")
    bundle_bytes_max: int = limit(512 * MIB, "a bundle; `bundle-invalid`, `payload-too-large`")
    bundle_turns_max: int = limit(
        100_000, "turns in a bundle; beyond it: `bundle-invalid`, `payload-too-large`"
    )
    bundle_components_max: int = limit(16, "components in a bundle; `bundle-invalid`")

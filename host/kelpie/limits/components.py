"""The limits of components, and of the kinds and versions that they are deployed as."""

from __future__ import annotations

from dataclasses import dataclass

from kelpie.limits.access import AccessLimits
from kelpie.limits.limit import KIB, MIB, limit

__all__ = ["ComponentLimits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class ComponentLimits(AccessLimits):
    """Those of `Limits` that are about what is deployed. On top of those of the front
    door, since classes with slots cannot stand side by side."""

    component_bytes_max: int = limit(64 * MIB, "an uploaded component; `component-too-large`")
    component_compile_ms_max: int = limit(180_000, "its compilation; `component-too-costly`")
    component_compile_memory_bytes_max: int = limit(
        2048 * MIB, "memory of its compilation; `component-too-costly`"
    )
    component_compiled_bytes_max: int = limit(
        512 * MIB, "its compiled form; `component-too-costly`"
    )
    component_describe_bytes_max: int = limit(
        256 * KIB, "the manifest that `describe` returns; `component-refused`"
    )
    component_describe_depth_max: int = limit(128, "levels of nesting in it; `component-refused`")
    component_operations_max: int = limit(1_000, "operations of a manifest; `component-refused`")
    script_bytes_max: int = limit(
        64 * KIB, "the script that a component is tried with; `component-refused`"
    )
    script_operations_max: int = limit(100, "operations of a script; `component-refused`")
    script_wall_time_ms_max: int = limit(
        10_000, "a script, run three times at deploy; `component-too-costly`"
    )
    component_loads_max: int = limit(
        2, "components inspected and compiled at once, uploads one less; others wait"
    )
    compiled_cache_bytes_max: int = limit(
        4096 * MIB, "compiled forms kept on disk; beyond it the least recently used go"
    )
    component_report_bytes_max: int = limit(
        64 * KIB, "what was found out about it, kept beside it; more is found out anew"
    )
    componentize_fuel_max: int = limit(
        20_000_000_000, "fuel for making a component of a core module; `component-too-costly`"
    )
    componentize_ms_max: int = limit(
        60_000, "time for reading an upload, or making a component of it; `component-too-costly`"
    )
    componentize_memory_bytes_max: int = limit(
        1024 * MIB, "memory for making a component of a core module; `component-too-costly`"
    )
    kinds_max: int = limit(1_000, "kinds of a namespace; `kinds-full`")
    kind_actors_counted_max: int = limit(
        10_000,
        "actors of a kind that are looked at before it is deleted; if there are more it is only "
        "deleted by force; `kind-in-use`",
    )
    rows_cleared_max: int = limit(
        250,
        "rows of a deleted kind, or of the kv of a deleted actor, that one transaction clears; "
        "others follow",
    )
    kv_clearing_sweep_ms: int = limit(
        60_000, "time between two looks at which deleted actors have left kv that nobody clears"
    )
    damaged_kind_rest_ms: int = limit(
        5_000, "time after which a kind that could not be read is read again"
    )
    configuration_name_bytes_max: int = limit(
        128, "a name in a kind's config or secrets; `invalid-request`, `guest-limit-exceeded`"
    )
    configuration_value_bytes_max: int = limit(
        64 * KIB, "a value of it in UTF-8; `payload-too-large`"
    )
    configuration_entries_max: int = limit(
        200, "names in a kind's config and secrets together; `configuration-full`"
    )
    configuration_bytes_max: int = limit(
        256 * KIB, "their names and values, summed; `configuration-full`"
    )
    configuration_change_bytes_max: int = limit(
        1 * MIB, "a change of several of them, as JSON; `payload-too-large`"
    )
    versions_max: int = limit(
        1_000, "versions of a kind that can be listed and rolled back to; beyond it the oldest go"
    )
    versions_bytes_max: int = limit(
        1024 * MIB,
        "components of the versions of a kind, each counted once; beyond it the oldest versions "
        "go, but for the current one and the one before",
    )
    versions_page_entries_max: int = limit(
        100, "versions of a kind in one page of their list; more follow; `invalid-request`"
    )
    versions_page_bytes_max: int = limit(
        4 * MIB, "what is stored of the versions in one page; more follow"
    )

"""Every limit of the host, by name, with its unit last.

A limit exists so that nothing grows without bound and one actor over its limit
hurts no other. Each is enforced with an error of its own, and nothing is ever
truncated silently. `docs/limits.md` is generated from these files by
`python -m kelpie.limits.page`.

What `dataclass` would make of hundreds of fields (`__init__` and others) is compiled
whenever they are imported, which costs every command its time: so it makes nothing,
and `Limits`, which alone has instances, has an `__init__` of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from kelpie.limits.durable import DurableLimits
from kelpie.limits.limit import KIB, MIB
from kelpie.limits.limit import limit as _limit

__all__ = ["DEFAULT_LIMITS", "KIB", "MIB", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class Limits(DurableLimits):
    """The limits of one host. The defaults are the documented ones."""

    # Names and requests.
    name_bytes_max: int = _limit(64, "a namespace's or kind's name; `invalid-address`")
    actor_key_bytes_max: int = _limit(2048, "an actor's key in UTF-8; `invalid-address`")
    operation_name_bytes_max: int = _limit(128, "an operation's name; `invalid-request`")
    request_id_bytes_max: int = _limit(256, "an Idempotency-Key; `invalid-request`")
    principal_bytes_max: int = _limit(256, "the name of who asks; `invalid-request`")
    request_deadline_ms_max: int = _limit(600_000, "the deadline of a request; `invalid-request`")
    request_deadline_ms_default: int = _limit(
        30_000, "the deadline of a request that names none; `deadline-exceeded`"
    )
    request_waiters_max: int = _limit(
        100, "clients that wait for one request, asked again while it runs; `overloaded`"
    )
    payload_bytes_max: int = _limit(4 * MIB, "an argument or a reply; `payload-too-large`")
    binary_bytes_max: int = _limit(
        2 * MIB,
        "an argument, reply, state or value that is binary, since the engine carries bytes one "
        "by one; `payload-too-large`, `guest-limit-exceeded`",
    )
    turn_line_bytes_max: int = _limit(1 * MIB, "a line of `POST /v1/turns`; `payload-too-large`")
    turn_stream_turns_max: int = _limit(
        100, "turns of one such request that are not yet answered; then no more lines are read"
    )
    turn_streams_max: int = _limit(100, "such requests at once; `overloaded`")
    batch_operations_max: int = _limit(1_000, "operations of a batch; `payload-too-large`")
    rejection_code_bytes_max: int = _limit(64, "the code of a rejection; `guest-broke-contract`")
    rejection_message_bytes_max: int = _limit(
        4 * KIB, "the message of a rejection; `guest-broke-contract`"
    )

    # Storage of one actor.
    state_bytes_max: int = _limit(4 * MIB, "an actor's state; `guest-limit-exceeded`")
    kv_key_bytes_max: int = _limit(1 * KIB, "a kv key in UTF-8; `guest-limit-exceeded`")
    kv_value_bytes_max: int = _limit(1 * MIB, "a kv value; `guest-limit-exceeded`")
    kv_page_entries_max: int = _limit(1000, "entries in one page of a kv listing; more follow")
    kv_page_bytes_max: int = _limit(1 * MIB, "keys and values in one page of a kv listing")
    kv_rows_at_once_max: int = _limit(
        256, "rows that a kv listing reads from the store at once; it reads on as needed"
    )
    request_records_max: int = _limit(
        100_000, "records of requests kept for one actor; `request-records-full`"
    )
    request_record_age_ticks_min: int = _limit(
        15, "ticks for which a request's record is kept at the least"
    )
    store_tick_ms: int = _limit(60_000, "length of a tick of the store-wide clock of records")

    # Looking at actors.
    actor_page_entries_max: int = _limit(1000, "actors in a page of a listing; `invalid-request`")
    actor_page_bytes_max: int = _limit(1 * MIB, "their keys, about; more follow")
    actor_page_examined_max: int = _limit(
        10_000, "actors looked at for one page, those that hold nothing any more too; more follow"
    )
    page_entries_default: int = _limit(
        100, "entries of a page of actors or of kv, if no limit is asked for; more follow"
    )

    # One turn.
    turn_fuel_max: int = _limit(
        2_000_000_000, "fuel (about one wasm instruction each) of a turn; `guest-out-of-fuel`"
    )
    turn_wall_time_ms_max: int = _limit(
        10_000,
        "time of a turn, waiting for the store included and for other actors not: how long it "
        "may wait for them its deadline says; `guest-timed-out`",
    )
    turn_host_calls_max: int = _limit(100_000, "host calls of a turn; `guest-limit-exceeded`")
    turn_host_call_bytes_max: int = _limit(
        64 * MIB, "arguments and results of a turn's host calls; `guest-limit-exceeded`"
    )
    turn_write_bytes_max: int = _limit(
        8 * MIB, "keys and values that a turn writes, and its reply; `guest-limit-exceeded`"
    )
    turn_writes_max: int = _limit(10_000, "different keys a turn writes; `guest-limit-exceeded`")
    entropy_bytes_max: int = _limit(65_536, "random bytes of one call; `guest-limit-exceeded`")
    log_message_bytes_max: int = _limit(16 * KIB, "one log line; `guest-limit-exceeded`")
    log_lines_max: int = _limit(1000, "log lines of a turn; `guest-limit-exceeded`")
    log_bytes_max: int = _limit(256 * KIB, "log bytes of a turn; `guest-limit-exceeded`")

    # One instance.
    instance_memory_bytes_max: int = _limit(
        64 * MIB, "linear memory of an instance; `guest-out-of-memory`"
    )
    instance_growth_percent_max: int = _limit(
        50,
        "percent of the memory still free after an instance's first turn that it takes later; "
        "beyond it the next turn gets a fresh instance",
    )
    instance_table_elements_max: int = _limit(
        100_000, "table elements of an instance; `guest-out-of-memory`"
    )
    instance_stack_bytes_max: int = _limit(
        512 * KIB, "wasm stack of an instance; `guest-stack-exhausted`"
    )
    instance_memories_max: int = _limit(8, "linear memories of an instance; `guest-out-of-memory`")
    instance_tables_max: int = _limit(64, "tables of an instance; `guest-out-of-memory`")
    instance_modules_max: int = _limit(
        64, "core modules that an instance is made of; `guest-out-of-memory`"
    )
    guest_tick_ms: int = _limit(
        5, "time for which a guest runs before the loop and other guests get a turn"
    )
    instances_max: int = _limit(
        8_000, "live instances; beyond it the least recently used are dropped"
    )
    instances_memory_bytes_max: int = _limit(
        1024 * MIB, "memory in use by all live instances; beyond it the least recently used go"
    )

    # Queues.
    mailbox_messages_max: int = _limit(1_000, "requests waiting for one actor; `mailbox-full`")
    mailbox_bytes_max: int = _limit(16 * MIB, "their arguments, summed; `mailbox-full`")
    waiting_messages_max: int = _limit(20_000, "requests waiting in the host; `overloaded`")
    waiting_bytes_max: int = _limit(256 * MIB, "their arguments, summed; `overloaded`")
    commit_turns_max: int = _limit(1_000, "turns folded into one commit; the rest wait")
    commit_bytes_max: int = _limit(
        8_900_000,
        "writes folded into one commit, keys and all; the rest wait; "
        "`guest-limit-exceeded` for a turn that is larger by itself",
    )
    commit_cleared_bytes_max: int = _limit(
        512 * KIB, "keys of old request records that one commit clears; the rest wait"
    )
    commit_record_name_bytes_max: int = _limit(
        64 * KIB, "ids of the requests recorded by one commit; the rest wait"
    )
    commit_attempts_max: int = _limit(8, "attempts to commit; then `commit-failed`")
    commit_resolution_ms_max: int = _limit(
        10_000, "time spent on learning whether a commit took place; then `outcome-unknown`"
    )
    blocking_threads_max: int = _limit(
        4, "threads for what would block the event loop; further work waits"
    )
    actors_active_max: int = _limit(100_000, "active actors; beyond it idle ones go")
    actors_state_bytes_max: int = _limit(
        1024 * MIB, "state that active actors keep in memory; beyond it idle ones go"
    )
    actor_idle_ms_max: int = _limit(300_000, "time without a request until an actor is released")
    deadline_sweep_ms: int = _limit(
        50, "how late a passed deadline is noticed, for a request that is stuck"
    )
    drain_ms_max: int = _limit(10_000, "time that a stopping host gives to turns in flight")
    log_waiting_bytes_max: int = _limit(
        4 * MIB,
        "log entries that wait for stderr; further ones are dropped, and the log says how many",
    )
    recent_lines_bytes_max: int = _limit(
        4 * MIB, "lines of actors that are kept for `kelpie logs`; beyond it the oldest go"
    )
    recent_turns_bytes_max: int = _limit(
        8 * MIB, "turns that are kept for `kelpie trace`; beyond it the oldest go"
    )
    line_followers_max: int = _limit(64, "clients that follow lines of actors; `overloaded`")
    line_followers_of_principal_max: int = _limit(
        16, "... with the same token; `overloaded`, and others find places still"
    )
    line_follower_bytes_max: int = _limit(
        1 * MIB, "lines that wait for one such client; it is told how many more it has lost"
    )
    line_heartbeat_ms: int = _limit(
        15_000, "silence on such a connection; then an empty line is sent"
    )
    log_level_bytes_max: int = _limit(64, "the name of a log level; `payload-too-large`")
    metrics_kinds_max: int = _limit(
        200, "kinds with metrics of their own; further ones share those of the kind `(other)`"
    )
    metrics_rejection_codes_max: int = _limit(
        20, "rejection codes counted by name for each kind; further ones are `(other)`"
    )
    log_flush_ms_max: int = _limit(
        1_000, "time that a stopped host gives to whoever reads its stderr"
    )

    # HTTP.
    http_line_bytes_max: int = _limit(
        8190, "the request line: method, path and query; `invalid-request`"
    )
    http_header_bytes_max: int = _limit(8190, "one header; `invalid-request`")
    http_headers_max: int = _limit(128, "headers of a request; `invalid-request`")
    http_connections_max: int = _limit(
        10_000, "open connections; beyond it new ones are closed at once"
    )
    http_connections_waiting_max: int = _limit(
        4_096,
        "connections that the host has not yet taken, as many come at once; the system's "
        "`net.core.somaxconn` may allow fewer",
    )
    http_idle_ms_max: int = _limit(
        75_000,
        "time without a whole request on a connection, or in which its client reads too little "
        "of its answers; then it is closed",
    )
    http_reply_bytes_min: int = _limit(
        64 * KIB,
        "what a client reads at the least of answers that wait for it for `http_idle_ms_max`",
    )
    http_body_ms_max: int = _limit(30_000, "time that an argument may take; `request-timeout`")
    http_upload_ms_max: int = _limit(600_000, "time that an upload may take; `request-timeout`")
    http_arriving_bytes_max: int = _limit(
        256 * MIB,
        "arguments that are arriving, and as much again for uploads until they are deployed; "
        "`overloaded`",
    )
    http_arriving_of_principal_bytes_max: int = _limit(
        128 * MIB, "... with the same token; `overloaded`, and others find room still"
    )
    http_uploads_of_principal_max: int = _limit(
        4, "uploads with the same token until they are deployed; `overloaded`"
    )
    http_linger_ms_max: int = _limit(
        2_000, "time for which the rest of a refused body is read and dropped"
    )
    http_close_ms_max: int = _limit(
        1_000, "time that a stopped host gives to clients to read their answers"
    )
    openapi_bytes_max: int = _limit(
        8 * MIB, "kinds in the OpenAPI document, about; others are named in it"
    )
    openapi_schema_bytes_max: int = _limit(64 * KIB, "a component's schema in it; else it says why")
    openapi_schema_depth_max: int = _limit(64, "steps into such a schema; as above")
    openapi_schema_steps_max: int = _limit(10_000, "schemas in it for one value; as above")

    def __init__(self, **given: int) -> None:
        """Of those that are not given, the defaults.

        Raises:
            TypeError: there is no such limit.
            ValueError: one is no positive integer.
        """
        for each in fields(self):
            value = given.pop(each.name, each.default)
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"the limit {each.name} must be a positive integer, not {value!r}")
            object.__setattr__(self, each.name, value)
        if given:
            raise TypeError(f"there are no such limits: {', '.join(sorted(given))}")


DEFAULT_LIMITS = Limits()

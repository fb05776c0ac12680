"""JSON Schemas of what the host says of actors: what they hold, and what they did."""

from __future__ import annotations

from kelpie.api.openapi.parts import (
    COUNT,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    list_of,
    object_of,
    or_null,
)

__all__ = [
    "ACTOR",
    "DEAD_LETTER",
    "ENCODING",
    "IN_FLIGHT",
    "JOURNALED",
    "KV_ENTRY",
    "REMINDER",
    "SHADOW",
    "SPAN",
    "TRACE_ID",
]

ACTOR = object_of(
    namespace=TEXT,
    kind=TEXT,
    key=TEXT,
    active=FLAG,
    epoch=COUNT,
    turns=COUNT,
    deploy_number=COUNT,
    last_error=or_null(TEXT),
    queued=COUNT,
)
ENCODING: Schema = {"type": "string", "enum": ["json", "text", "base64"]}
KV_ENTRY: Schema = object_of(key=TEXT, encoding=ENCODING, value={})
ARGUMENT: Schema = object_of(encoding=ENCODING, value={})
DEAD_LETTER: Schema = object_of(
    number=NUMBER,
    sender=object_of(namespace=TEXT, kind=TEXT, key=TEXT),
    operation=TEXT,
    argument=ARGUMENT,
    sent_at=MOMENT,
    died_at=MOMENT,
    attempts=NUMBER,
    code=TEXT,
    rejection=or_null(TEXT),
    message=TEXT,
)
IN_FLIGHT: Schema = object_of(
    namespace=TEXT,
    kind=TEXT,
    key=TEXT,
    operation=TEXT,
    turn=NUMBER,
    version=NUMBER,
    request_id=TEXT,
    began_at=MOMENT,
    age_ms=COUNT,
    calls=COUNT,
    bytes=NUMBER,
)
REMINDER: Schema = object_of(
    name=TEXT,
    operation=TEXT,
    argument=ARGUMENT,
    schedule={
        "anyOf": [
            object_of(after_ms=COUNT),
            object_of(every_ms=NUMBER),
            object_of(cron=TEXT, zone=TEXT),
        ]
    },
    missed={"type": "string", "enum": ["fire-once", "skip"]},
    due_at=MOMENT,
    fired=COUNT,
    last_error=or_null(TEXT),
)
TRACE_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
SPAN_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
SPAN = object_of(
    span_id=SPAN_ID,
    parent_id=or_null(SPAN_ID),
    cause={"type": "string", "enum": ["request", "call", "send", "reminder"]},
    actor=TEXT,
    namespace=TEXT,
    kind=TEXT,
    key=TEXT,
    operation=or_null(TEXT),
    request_id=TEXT,
    turn=or_null(NUMBER),
    version=or_null(NUMBER),
    outcome=TEXT,
    asked_at=MOMENT,
    waited_us=or_null(COUNT),
    ran_us=or_null(COUNT),
    committed_us=or_null(COUNT),
)
_CHANGE = object_of(
    turn=NUMBER,
    position=NUMBER,
    operation=TEXT,
    call=or_null(NUMBER),
    before=TEXT,
    after=TEXT,
)
_OPERATION_FUEL = object_of(
    turns=COUNT, changed_calls=COUNT, changed_replies=COUNT, fuel_before=COUNT, fuel_after=COUNT
)
_DIVERGENCE = object_of(
    turn=COUNT, position=COUNT, call=or_null(NUMBER), what=TEXT, expected=TEXT, got=TEXT
)
SHADOW = object_of(
    same=FLAG,
    turns=COUNT,
    changed=COUNT,
    changes=list_of(_CHANGE),
    operations={"type": "object", "additionalProperties": _OPERATION_FUEL},
    divergence=or_null(_DIVERGENCE),
)
JOURNALED = object_of(
    position=NUMBER,
    turn=NUMBER,
    operation=TEXT,
    request_id=TEXT,
    caller=TEXT,
    at=MOMENT,
    read_only=FLAG,
    error=or_null(object_of(code=TEXT, message=TEXT)),
    host_calls=COUNT,
    fuel=COUNT,
    version=NUMBER,
    instance=NUMBER,
)

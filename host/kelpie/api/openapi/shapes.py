"""JSON Schemas of what the host itself takes and answers, by name.

A member that is not named here may come with a newer host: clients ignore it.
"""

from __future__ import annotations

from typing import Any

from kelpie.access.roles import Role
from kelpie.api.log_levels import LEVELS
from kelpie.journal.policy import Policy

__all__ = ["SHAPES", "ref"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "integer", "minimum": 1}
_SCHEMA: Schema = {
    "type": ["object", "boolean", "null"],
    "description": "A JSON Schema, as the component has it",
}


def ref(name: str) -> Schema:
    """A reference to a shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**members: Schema) -> Schema:
    """An object that has all these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _with(name: str, **members: Schema) -> Schema:
    """A shape with more members."""
    return {"allOf": [ref(name), _object(**members)]}


_DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_OPERATION = _object(
    name=_TEXT, doc=_TEXT, read_only=_FLAG, durable=_FLAG, argument=_SCHEMA, result=_SCHEMA
)
_CHANGES = _object(
    added=_list(_TEXT),
    removed=_list(_TEXT),
    narrowed=_list(_object(operation=_TEXT, reasons=_list(_TEXT))),
    imports=_list(_TEXT),
)
_GRANTS = _or_null(_list(_TEXT))
_NAMES = _object(set=_list(_TEXT), unset=_list(_TEXT))
_DIFFERENCES = _object(
    component=_FLAG, grants=_FLAG, config=_or_null(_NAMES), secrets=_or_null(_NAMES)
)
_OF_CONFIGURATION = {"namespace": _TEXT, "kind": _TEXT, "number": _NUMBER, "imported": _FLAG}
_OF_DEPLOY = {
    "namespace": _TEXT,
    "kind": _TEXT,
    "digest": _DIGEST,
    "size_bytes": _COUNT,
    "native": _FLAG,
}
_DEPLOYED = {"number": _NUMBER, "deployed_at": _MOMENT}
_KIND = _object(
    **_OF_DEPLOY,
    **_DEPLOYED,
    doc=_TEXT,
    imports=_list(_TEXT),
    grants=_GRANTS,
    operations=_list(ref("Operation")),
)
_ACTOR = _object(
    namespace=_TEXT,
    kind=_TEXT,
    key=_TEXT,
    active=_FLAG,
    epoch=_COUNT,
    turns=_COUNT,
    deploy_number=_COUNT,
    last_error=_or_null(_TEXT),
    queued=_COUNT,
)
_ENCODING: Schema = {"type": "string", "enum": ["json", "text", "base64"]}
_KV_ENTRY: Schema = _object(key=_TEXT, encoding=_ENCODING, value={})
_ARGUMENT: Schema = _object(encoding=_ENCODING, value={})
_DEAD_LETTER: Schema = _object(
    number=_NUMBER,
    sender=_object(namespace=_TEXT, kind=_TEXT, key=_TEXT),
    operation=_TEXT,
    argument=_ARGUMENT,
    sent_at=_MOMENT,
    died_at=_MOMENT,
    attempts=_NUMBER,
    code=_TEXT,
    rejection=_or_null(_TEXT),
    message=_TEXT,
)
_REMINDER: Schema = _object(
    name=_TEXT,
    operation=_TEXT,
    argument=_ARGUMENT,
    schedule={
        "anyOf": [
            _object(after_ms=_COUNT),
            _object(every_ms=_NUMBER),
            _object(cron=_TEXT, zone=_TEXT),
        ]
    },
    missed={"type": "string", "enum": ["fire-once", "skip"]},
    due_at=_MOMENT,
    fired=_COUNT,
    last_error=_or_null(_TEXT),
)
_LEVEL: Schema = {"type": "string", "enum": list(LEVELS)}
_PROBLEM: Schema = {
    **_object(
        type={"type": "string", "format": "uri-reference"},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_TEXT,
        code=_TEXT,
        source={"type": "string", "enum": ["caller", "actor", "platform"]},
        retryable=_FLAG,
    ),
    "description": "An error, as RFC 9457 has it. `code` is stable.",
}

_ROLES: Schema = {
    "type": "array",
    "items": {"type": "string", "enum": [role.value for role in Role]},
    "minItems": 1,
}
_TOKEN = _object(
    name=_TEXT,
    roles=_ROLES,
    namespace=_or_null(_TEXT),
    created_at=_MOMENT,
    created_by=_TEXT,
    expires_at=_or_null(_MOMENT),
    requests_per_second_max=_or_null(_NUMBER),
    body_bytes_max=_or_null(_NUMBER),
)
_AUDIT_ENTRY = _object(
    number=_NUMBER,
    at=_MOMENT,
    principal=_TEXT,
    source=_TEXT,
    action=_TEXT,
    namespace=_or_null(_TEXT),
    subject=_TEXT,
    outcome=_TEXT,
    detail=_TEXT,
    request_id=_TEXT,
)

_TRACE_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_SPAN_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_SPAN = _object(
    span_id=_SPAN_ID,
    parent_id=_or_null(_SPAN_ID),
    cause={"type": "string", "enum": ["request", "call", "send", "reminder"]},
    actor=_TEXT,
    namespace=_TEXT,
    kind=_TEXT,
    key=_TEXT,
    operation=_or_null(_TEXT),
    request_id=_TEXT,
    turn=_or_null(_NUMBER),
    version=_or_null(_NUMBER),
    outcome=_TEXT,
    asked_at=_MOMENT,
    waited_us=_or_null(_COUNT),
    ran_us=_or_null(_COUNT),
    committed_us=_or_null(_COUNT),
)
_JOURNALED = _object(
    position=_NUMBER,
    turn=_NUMBER,
    operation=_TEXT,
    request_id=_TEXT,
    caller=_TEXT,
    at=_MOMENT,
    read_only=_FLAG,
    error=_or_null(_object(code=_TEXT, message=_TEXT)),
    host_calls=_COUNT,
    fuel=_COUNT,
    version=_NUMBER,
    instance=_NUMBER,
)

SHAPES: dict[str, Schema] = {
    "Actor": _ACTOR,
    "ActorPage": _object(actors=_list(ref("Actor")), after=_or_null(_TEXT)),
    "AuditPage": _object(
        entries=_list(_AUDIT_ENTRY),
        damaged=_list(_NUMBER),
        more=_FLAG,
        before=_or_null(_NUMBER),
    ),
    "Changes": _CHANGES,
    "Checked": _object(
        **_OF_DEPLOY,
        doc=_TEXT,
        imports=_list(_TEXT),
        grants=_GRANTS,
        operations=_list(ref("Operation")),
        changed=_FLAG,
        changes=ref("Changes"),
        current=_or_null(_NUMBER),
    ),
    "Config": _object(
        **_OF_CONFIGURATION, config={"type": "object", "additionalProperties": _TEXT}
    ),
    "ConfigChanged": _with("Config", changed=_FLAG),
    "ConfigurationChange": {"type": "object", "additionalProperties": _or_null(_TEXT)},
    "CancelledReminder": _object(
        namespace=_TEXT, kind=_TEXT, key=_TEXT, name=_TEXT, cancelled=_FLAG
    ),
    "DeadLetterPage": _object(letters=_list(_DEAD_LETTER), after=_or_null(_NUMBER)),
    "Deleted": _object(namespace=_TEXT, kind=_TEXT, deleted={"const": True}, actors=_COUNT),
    "DeletedActor": _object(namespace=_TEXT, kind=_TEXT, key=_TEXT, deleted=_FLAG),
    "Deployed": _with("Kind", changed=_FLAG, changes=ref("Changes")),
    "DroppedLetter": _object(
        namespace=_TEXT, kind=_TEXT, key=_TEXT, number=_NUMBER, dropped={"const": True}
    ),
    "DeployedOrChecked": {"anyOf": [ref("Deployed"), ref("Checked")]},
    "Health": _object(status={"type": "string", "enum": ["live", "ready"]}),
    "JournalPage": _object(turns=_list(_JOURNALED), more=_FLAG),
    "JournalPolicy": _object(
        namespace=_TEXT, kind=_TEXT, policy={"type": "string", "enum": [x.value for x in Policy]}
    ),
    "Kind": _KIND,
    "Kinds": _object(
        kinds=_list(_object(**_OF_DEPLOY, **_DEPLOYED, operations=_list(_TEXT))),
    ),
    "Host": _object(
        version=_TEXT,
        node=_TEXT,
        incarnation=_NUMBER,
        settings={"type": "object"},
        limits={
            "type": "object",
            "additionalProperties": _object(value=_NUMBER, bounds=_TEXT),
        },
        damaged=_list({"type": "object", "additionalProperties": _TEXT}),
    ),
    "KvPage": _object(entries=_list(_KV_ENTRY), after=_or_null(_TEXT)),
    "LogLevel": _LEVEL,
    "LogLevels": _object(levels={"type": "object", "additionalProperties": _LEVEL}),
    "Namespaces": _object(namespaces=_list(_object(namespace=_TEXT, kinds=_NUMBER))),
    "NewToken": _with("Token", token=_TEXT),
    "Operation": _OPERATION,
    "Problem": _PROBLEM,
    "Secret": _object(
        name=_TEXT, digest={"type": "string", "pattern": "^[0-9a-f]{12}$"}, set_at=_MOMENT
    ),
    "Secrets": _object(**_OF_CONFIGURATION, secrets=_list(ref("Secret"))),
    "SecretsChanged": _with("Secrets", changed=_FLAG),
    "Reminders": _object(reminders=_list(_REMINDER)),
    "Revoked": _object(name=_TEXT, revoked={"const": True}),
    "Token": _TOKEN,
    "TokenWish": {
        "type": "object",
        "properties": {
            "name": _TEXT,
            "roles": _ROLES,
            "namespace": _or_null(_TEXT),
            "lifetime_s": _or_null(_NUMBER),
            "requests_per_second_max": _or_null(_NUMBER),
            "body_bytes_max": _or_null(_NUMBER),
        },
        "required": ["name", "roles"],
        "additionalProperties": False,
    },
    "Tokens": _object(tokens=_list(ref("Token"))),
    "Trace": _object(trace_id=_TRACE_ID, spans=_list(_SPAN)),
    "Version": _with("Kind", differences=_DIFFERENCES, current=_FLAG),
    "VersionPage": _object(
        versions=_list(
            _object(
                **_OF_DEPLOY,
                **_DEPLOYED,
                operations=_list(_TEXT),
                imports=_list(_TEXT),
                grants=_GRANTS,
                differences=_DIFFERENCES,
                current=_FLAG,
            )
        ),
        more=_FLAG,
    ),
    "VersionWish": {**_object(version=_NUMBER), "additionalProperties": False},
}

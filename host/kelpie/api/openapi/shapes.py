"""JSON Schemas of what the host itself takes and answers, by name.

A member that is not named here may come with a newer host: clients ignore it.
"""

from __future__ import annotations

from kelpie.access.roles import Role
from kelpie.api.log_levels import LEVELS
from kelpie.api.openapi.actor_shapes import (
    ACTOR,
    DEAD_LETTER,
    IN_FLIGHT,
    JOURNALED,
    KV_ENTRY,
    REMINDER,
    SHADOW,
    SPAN,
    TRACE_ID,
)
from kelpie.api.openapi.parts import (
    COUNT,
    DIGEST,
    FLAG,
    MOMENT,
    NUMBER,
    SCHEMA,
    TEXT,
    Schema,
    list_of,
    object_of,
    or_null,
    ref,
)
from kelpie.journal.policy import Policy

__all__ = ["SHAPES", "ref"]


def _with(name: str, **members: Schema) -> Schema:
    """A shape with more members."""
    return {"allOf": [ref(name), object_of(**members)]}


_OPERATION = object_of(
    name=TEXT, doc=TEXT, read_only=FLAG, durable=FLAG, argument=SCHEMA, result=SCHEMA
)
_CHANGES = object_of(
    added=list_of(TEXT),
    removed=list_of(TEXT),
    narrowed=list_of(object_of(operation=TEXT, reasons=list_of(TEXT))),
    imports=list_of(TEXT),
    batches_gone=FLAG,
)
_GRANTS = or_null(list_of(TEXT))
_NAMES = object_of(set=list_of(TEXT), unset=list_of(TEXT))
_DIFFERENCES = object_of(
    component=FLAG, grants=FLAG, config=or_null(_NAMES), secrets=or_null(_NAMES)
)
_OF_CONFIGURATION = {"namespace": TEXT, "kind": TEXT, "number": NUMBER, "imported": FLAG}
_OF_DEPLOY = {
    "namespace": TEXT,
    "kind": TEXT,
    "digest": DIGEST,
    "size_bytes": COUNT,
    "native": FLAG,
}
_DEPLOYED = {"number": NUMBER, "deployed_at": MOMENT}
_KIND = object_of(
    **_OF_DEPLOY,
    **_DEPLOYED,
    doc=TEXT,
    imports=list_of(TEXT),
    grants=_GRANTS,
    operations=list_of(ref("Operation")),
)
_LEVEL: Schema = {"type": "string", "enum": list(LEVELS)}
_PROBLEM: Schema = {
    **object_of(
        type={"type": "string", "format": "uri-reference"},
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=TEXT,
        code=TEXT,
        source={"type": "string", "enum": ["caller", "actor", "platform"]},
        retryable=FLAG,
    ),
    "description": "An error, as RFC 9457 has it. `code` is stable.",
}

_ROLES: Schema = {
    "type": "array",
    "items": {"type": "string", "enum": [role.value for role in Role]},
    "minItems": 1,
}
_TOKEN = object_of(
    name=TEXT,
    roles=_ROLES,
    namespace=or_null(TEXT),
    created_at=MOMENT,
    created_by=TEXT,
    expires_at=or_null(MOMENT),
    requests_per_second_max=or_null(NUMBER),
    body_bytes_max=or_null(NUMBER),
)
_AUDIT_ENTRY = object_of(
    number=NUMBER,
    at=MOMENT,
    principal=TEXT,
    source=TEXT,
    action=TEXT,
    namespace=or_null(TEXT),
    subject=TEXT,
    outcome=TEXT,
    detail=TEXT,
    request_id=TEXT,
)

SHAPES: dict[str, Schema] = {
    "Actor": ACTOR,
    "ActorPage": object_of(actors=list_of(ref("Actor")), after=or_null(TEXT)),
    "AuditPage": object_of(
        entries=list_of(_AUDIT_ENTRY),
        damaged=list_of(NUMBER),
        more=FLAG,
        before=or_null(NUMBER),
    ),
    "Changes": _CHANGES,
    "Checked": object_of(
        **_OF_DEPLOY,
        doc=TEXT,
        imports=list_of(TEXT),
        grants=_GRANTS,
        operations=list_of(ref("Operation")),
        changed=FLAG,
        changes=ref("Changes"),
        shadow=or_null(ref("Shadow")),
        current=or_null(NUMBER),
    ),
    "Config": object_of(
        **_OF_CONFIGURATION, config={"type": "object", "additionalProperties": TEXT}
    ),
    "ConfigChanged": _with("Config", changed=FLAG),
    "ConfigurationChange": {"type": "object", "additionalProperties": or_null(TEXT)},
    "CancelledReminder": object_of(namespace=TEXT, kind=TEXT, key=TEXT, name=TEXT, cancelled=FLAG),
    "CancelledTurn": object_of(
        namespace=TEXT, kind=TEXT, key=TEXT, turn=NUMBER, cancelled={"const": True}
    ),
    "DeadLetterPage": object_of(letters=list_of(DEAD_LETTER), after=or_null(NUMBER)),
    "Deleted": object_of(namespace=TEXT, kind=TEXT, deleted={"const": True}, actors=COUNT),
    "DeletedActor": object_of(namespace=TEXT, kind=TEXT, key=TEXT, deleted=FLAG),
    "Deployed": _with("Kind", changed=FLAG, changes=ref("Changes"), shadow=or_null(ref("Shadow"))),
    "DroppedLetter": object_of(
        namespace=TEXT, kind=TEXT, key=TEXT, number=NUMBER, dropped={"const": True}
    ),
    "DeployedOrChecked": {"anyOf": [ref("Deployed"), ref("Checked")]},
    "Shadow": SHADOW,
    "Health": object_of(status={"type": "string", "enum": ["live", "ready"]}),
    "JournalPage": object_of(turns=list_of(JOURNALED), more=FLAG),
    "JournalPolicy": object_of(
        namespace=TEXT, kind=TEXT, policy={"type": "string", "enum": [x.value for x in Policy]}
    ),
    "Kind": _KIND,
    "Kinds": object_of(
        kinds=list_of(object_of(**_OF_DEPLOY, **_DEPLOYED, operations=list_of(TEXT))),
    ),
    "Host": object_of(
        version=TEXT,
        node=TEXT,
        incarnation=NUMBER,
        settings={"type": "object"},
        limits={
            "type": "object",
            "additionalProperties": object_of(value=NUMBER, bounds=TEXT),
        },
        damaged=list_of({"type": "object", "additionalProperties": TEXT}),
    ),
    "KvPage": object_of(entries=list_of(KV_ENTRY), after=or_null(TEXT)),
    "LogLevel": _LEVEL,
    "LogLevels": object_of(levels={"type": "object", "additionalProperties": _LEVEL}),
    "Namespaces": object_of(namespaces=list_of(object_of(namespace=TEXT, kinds=NUMBER))),
    "NewToken": _with("Token", token=TEXT),
    "Operation": _OPERATION,
    "Problem": _PROBLEM,
    "Secret": object_of(
        name=TEXT, digest={"type": "string", "pattern": "^[0-9a-f]{12}$"}, set_at=MOMENT
    ),
    "Secrets": object_of(**_OF_CONFIGURATION, secrets=list_of(ref("Secret"))),
    "SecretsChanged": _with("Secrets", changed=FLAG),
    "ReceiverPage": object_of(
        actors=list_of(object_of(namespace=TEXT, kind=TEXT, key=TEXT)), after=or_null(TEXT)
    ),
    "Reminders": object_of(reminders=list_of(REMINDER)),
    "Revoked": object_of(name=TEXT, revoked={"const": True}),
    "Token": _TOKEN,
    "TokenWish": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "roles": _ROLES,
            "namespace": or_null(TEXT),
            "lifetime_s": or_null(NUMBER),
            "requests_per_second_max": or_null(NUMBER),
            "body_bytes_max": or_null(NUMBER),
        },
        "required": ["name", "roles"],
        "additionalProperties": False,
    },
    "Tokens": object_of(tokens=list_of(ref("Token"))),
    "TurnPage": object_of(turns=list_of(IN_FLIGHT), after=or_null(TEXT)),
    "Trace": object_of(trace_id=TRACE_ID, spans={**list_of(SPAN), "minItems": 1}),
    "Version": _with("Kind", differences=_DIFFERENCES, current=FLAG),
    "VersionPage": object_of(
        versions=list_of(
            object_of(
                **_OF_DEPLOY,
                **_DEPLOYED,
                operations=list_of(TEXT),
                imports=list_of(TEXT),
                grants=_GRANTS,
                differences=_DIFFERENCES,
                current=FLAG,
            )
        ),
        more=FLAG,
    ),
    "VersionWish": {**object_of(version=NUMBER), "additionalProperties": False},
}

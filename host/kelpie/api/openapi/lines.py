"""JSON Schemas of what the host answers line by line, for which OpenAPI has no word."""

from __future__ import annotations

from kelpie.api.openapi.actor_shapes import ENCODING
from kelpie.api.openapi.parts import COUNT, MOMENT, NUMBER, TEXT, Schema, object_of, or_null, ref

__all__ = ["LINES"]

LINES: dict[str, Schema] = {
    "LogLine": {
        "anyOf": [
            object_of(
                time=MOMENT,
                level=TEXT,
                actor=TEXT,
                turn=or_null(COUNT),
                request_id=or_null(TEXT),
                message=TEXT,
            ),
            object_of(lost=COUNT),
            object_of(ended=TEXT),
        ]
    },
    "TurnAnswer": {
        "anyOf": [
            object_of(index=COUNT, status=NUMBER, id=TEXT, encoding=ENCODING, value={}),
            object_of(index=or_null(COUNT), status=NUMBER, problem=ref("Problem")),
        ]
    },
}

"""A route, or an operation of a kind, as an operation of the document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from kelpie.access.roles import roles_with
from kelpie.api.headers import REQUEST_ID_HEADER
from kelpie.api.log_levels import LOGGERS
from kelpie.api.openapi.published import Unpublishable, plain, published
from kelpie.api.openapi.shapes import ref
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE
from kelpie.api.problem import PROBLEM_TYPE
from kelpie.api.routes.route import Content, Errors, Parameter, Route
from kelpie.errors import (
    Forbidden,
    HostFault,
    HostNotAllowed,
    InvalidRequest,
    OriginNotAllowed,
    RateLimited,
    Unauthenticated,
)
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.wasm.turn import Operation

__all__ = [
    "ETAG_HEADER",
    "NAME_SCHEMA",
    "KindOperations",
    "parameter",
    "path_parameter",
    "problems",
    "route_operation",
]

Json = dict[str, Any]

NAME_SCHEMA: Json = {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}
# Whatever is asked, and wherever.
_EVERYWHERE: Errors = (InvalidRequest, HostNotAllowed, HostFault)
_GUARDED: Errors = (Unauthenticated, Forbidden, RateLimited)
_SAFE = {"GET", "HEAD"}
_IN_BRACES = re.compile(r"\{(\w+)\}")
_SIMPLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FORMS: dict[str, Json] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean", "default": False},
    "number": {"type": "integer", "minimum": 1},
}
_IN_PATHS: dict[str, Json] = {
    "key": {"type": "string", "minLength": 1},
    "kind": NAME_SCHEMA,
    "logger": {"type": "string", "enum": list(LOGGERS)},
    "number": {"type": "integer", "minimum": 1},
}


def problems(route: Route) -> dict[str, Json]:
    """What can go wrong at a route, as responses by status."""
    by_status: dict[int, list[str]] = {}
    unsafe = () if route.method in _SAFE else (OriginNotAllowed,)
    guarded = () if route.permission is None else _GUARDED
    for error in (*_EVERYWHERE, *unsafe, *guarded, *route.errors):
        codes = by_status.setdefault(error.status, [])
        if error.code not in codes:
            codes.append(error.code)
    return {str(status): _problem(by_status[status]) for status in sorted(by_status)}


def route_operation(route: Route, limits: Limits) -> Json:
    """The operation of a route. Its problems are `{route.name}.{status}` among the responses."""
    parameters = [path_parameter(name) for name in _IN_BRACES.findall(route.path)]
    parameters += [parameter(each, limits) for each in route.parameters]
    if route.namespaced:
        parameters.append({"$ref": "#/components/parameters/namespace"})
    if route.conditional:
        parameters.append({"$ref": "#/components/parameters/if-none-match"})
    found: Json = {
        "operationId": route.name,
        "tags": [_tag(route)],
        "summary": route.doc,
        **_admission(route),
        "parameters": parameters,
    }
    if route.body is not None:
        found["requestBody"] = {"required": route.body_required, "content": _content(route.body)}
    responses: Json = {
        str(status): _answer(status, content, route) for status, content in route.answers.items()
    }
    if route.conditional:
        responses["304"] = {"$ref": "#/components/responses/not-modified"}
    found["responses"] = {**responses, **_problem_refs(route)}
    return found


def _admission(route: Route) -> Json:
    """What a token must have, on a host that has tokens."""
    if route.permission is None:
        return {"security": []}
    return {"x-kelpie-roles": roles_with(route.permission)}


class KindOperations:
    """The operations of one kind: paths, and the schemas that they refer to."""

    def __init__(self, deploy: Deploy, invoke: Route, limits: Limits) -> None:
        self._kind = deploy.kind
        self._limits = limits
        self._shared = {
            "tags": [deploy.kind],
            **_admission(invoke),
            "parameters": [
                {"$ref": f"#/components/parameters/{name}"}
                for name in ("key", "namespace", *(each.name for each in invoke.parameters))
            ],
        }
        self._problems = _problem_refs(invoke)
        self.tag = {"name": deploy.kind, "description": plain(deploy.manifest.doc)}
        self.schemas: Json = {}
        self.paths: Json = {}
        for number, operation in enumerate(deploy.manifest.operations.values()):
            name = quote(operation.name, safe="").replace(".", "%2E")
            path = f"/v1/actors/{deploy.kind}/{{key}}/{name}"
            self.paths[path] = {"post": self._operation(operation, name, number)}

    def _operation(self, operation: Operation, name: str, number: int) -> Json:
        simple = name if _SIMPLE_NAME.fullmatch(name) else str(number)
        argument = self._schema(operation.argument, f"{self._kind}.{simple}.argument")
        result = self._schema(operation.result, f"{self._kind}.{simple}.result")
        found: Json = {
            "operationId": f"{self._kind}.{name}",
            "summary": plain(operation.name) + (", read-only" if operation.read_only else ""),
            "description": plain(operation.doc),
            "x-kelpie-read-only": operation.read_only,
            "x-kelpie-durable": operation.durable,
            **self._shared,
            "responses": {
                "200": {
                    "description": "The reply of the actor, which is durable",
                    "headers": {REQUEST_ID_HEADER: _REQUEST_ID},
                    "content": _ANYTHING if result is None else {JSON_TYPE: result},
                },
                **self._problems,
            },
        }
        # An operation without a schema may want no argument at all.
        found["requestBody"] = {
            "required": argument is not None,
            "content": _ANYTHING if argument is None else {JSON_TYPE: argument},
        }
        return found

    def _schema(self, schema: object, name: str) -> Json | None:
        """The media type whose schema it is, which is kept under its name."""
        if schema is None:
            return None
        place = f"#/components/schemas/{name}"
        try:
            self.schemas[name] = published(schema, place, self._limits)
        except Unpublishable as error:
            return {"x-kelpie-omitted": f"the schema of the component is left out: {error}"}
        return {"schema": {"$ref": place}}


_ANYTHING: Json = {JSON_TYPE: {}, "text/plain": {}, BYTES_TYPE: {}}
_REQUEST_ID: Json = {
    "description": "The id under which it was asked",
    "schema": {"type": "string"},
}
ETAG_HEADER: Json = {"description": "For `If-None-Match`", "schema": {"type": "string"}}


def _tag(route: Route) -> str:
    begin = route.path.split("/")[1:3]
    if begin[0] != "v1" or not route.namespaced:
        return "host"
    return "kinds" if begin[1] == "kinds" else "actors"


def _answer(status: int, content: Content, route: Route) -> Json:
    found: Json = {"description": HTTPStatus(status).phrase, "content": _content(content)}
    headers: Json = {}
    if route.conditional:
        headers["ETag"] = ETAG_HEADER
    if route.name == "invoke":
        headers[REQUEST_ID_HEADER] = _REQUEST_ID
    return {**found, "headers": headers} if headers else found


def _content(content: Content) -> Json:
    return {
        media_type.partition(";")[0]: {} if schema is None else {"schema": ref(schema)}
        for media_type, schema in content.items()
    }


def _problem_refs(route: Route) -> Json:
    return {
        status: {"$ref": f"#/components/responses/{route.name}.{status}"}
        for status in problems(route)
    }


def _problem(codes: Iterable[str]) -> Json:
    listed = list(codes)
    return {
        "description": " or ".join(f"`{code}`" for code in listed),
        "content": {
            PROBLEM_TYPE: {
                "schema": {
                    "allOf": [
                        ref("Problem"),
                        {"properties": {"code": {"type": "string", "enum": listed}}},
                    ]
                }
            }
        },
    }


def path_parameter(name: str) -> Json:
    schema = _IN_PATHS.get(name, {"type": "string"})
    return {"name": name, "in": "path", "required": True, "schema": schema}


def parameter(given: Parameter, limits: Limits) -> Json:
    schema = dict(_FORMS[given.form])
    if given.form == "text" and given.place == "header":
        schema["pattern"] = "^[!-~]+$"
    if given.limit is not None:
        bound = "maximum" if given.form == "number" else "maxLength"
        schema[bound] = getattr(limits, given.limit)
    return {
        "name": given.name,
        "in": given.place,
        "description": given.doc,
        "schema": schema,
    }

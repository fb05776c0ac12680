"""The whole document."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kelpie import __version__
from kelpie.api.openapi.operations import (
    ETAG_HEADER,
    NAME_SCHEMA,
    KindOperations,
    parameter,
    path_parameter,
    problems,
    route_operation,
)
from kelpie.api.openapi.shapes import SHAPES
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.api.routes import ROUTES
from kelpie.limits import Limits
from kelpie.runtime.kinds.deploy import Deploy

__all__ = ["document"]

Json = dict[str, Any]

_ABOUT = (
    "What this host answers, and what the actors that are deployed on it do. `HEAD` works "
    "wherever `GET` does. Descriptions of kinds and of their operations are those of their "
    "components."
)
_TAGS = {
    "actors": "Have actors run, and look at them",
    "kinds": "What actors there can be: components, and their versions",
    "host": "The host itself",
}
_INVOKE = next(route for route in ROUTES if route.name == "invoke")


def document(deploys: Iterable[Deploy], namespace: str, limits: Limits) -> bytes:
    """The document of a namespace in which these are deployed.

    What it says of kinds is bounded by `openapi_bytes_max`, about: kinds for
    which there is no room are named in `x-kelpie-omitted`.
    """
    found = _of_the_host(namespace, limits)
    omitted: list[str] = []
    room = limits.openapi_bytes_max
    for deploy in deploys:
        kind = KindOperations(deploy, _INVOKE, limits)
        size = len(json.dumps((kind.tag, kind.paths, kind.schemas)))
        if size > room:
            omitted.append(deploy.kind)
            continue
        room -= size
        found["tags"].append(kind.tag)
        found["paths"].update(kind.paths)
        found["components"]["schemas"].update(kind.schemas)
    if omitted:
        found["info"]["description"] += (
            " There is no room for all kinds: `x-kelpie-omitted` names those that are left "
            "out. With `?kind=` the document has one kind alone."
        )
        found["x-kelpie-omitted"] = omitted
    return json.dumps(found).encode()


def _of_the_host(namespace: str, limits: Limits) -> Json:
    paths: Json = {}
    responses: Json = {
        "not-modified": {
            "description": "What the client has is what it would get",
            "headers": {"ETag": ETAG_HEADER},
        }
    }
    for route in ROUTES:
        operation = route_operation(route, limits)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
        for status, problem in problems(route).items():
            responses[f"{route.name}.{status}"] = problem
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kelpie",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "components": {
            "parameters": _parameters(namespace, limits),
            "responses": responses,
            "schemas": dict(SHAPES),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of this host. One that has none asks for none.",
                }
            },
        },
        "security": [{"token": []}, {}],
    }


def _parameters(namespace: str, limits: Limits) -> Json:
    """Those that many operations have."""
    is_default = namespace == DEFAULT_NAMESPACE
    schema = {**NAME_SCHEMA, **({"default": namespace} if is_default else {"const": namespace})}
    return {
        "namespace": {
            "name": "namespace",
            "in": "query",
            "required": not is_default,
            "description": "The namespace; this document tells of the kinds of one",
            "schema": schema,
        },
        "if-none-match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "ETags: what they stand for is not sent again",
            "schema": {"type": "string"},
        },
        "key": path_parameter("key"),
        **{each.name: parameter(each, limits) for each in _INVOKE.parameters},
    }

"""The document: valid whatever is deployed, complete, and bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from kelpie.access.roles import ALLOWED, Role
from kelpie.api.openapi.document import document
from kelpie.api.openapi.shapes import SHAPES
from kelpie.api.routes import ROUTES
from kelpie.api.routes.route import Route
from kelpie.limits import DEFAULT_LIMITS, KIB, Limits
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.wasm.manifest import parse_manifest
from tests.api.openapi.test_published import SCHEMAS

HOSTILE = [
    {"name": "../../etc", "doc": "<script>alert(1)</script>"},
    {"name": "{key}", "argument": {"$ref": "http://169.254.169.254/"}},
    {"name": "%2F", "result": {"$ref": "#"}},
    {"name": "a b/c?d#e", "argument": {"type": "nothing"}},
    {"name": ".", "argument": True, "result": False},
    {"name": "..", "argument": {"properties": {"a": {"$ref": "#"}}}},
    {"name": "0", "argument": {"title": "zero"}},
    {"name": "1", "argument": {"title": "one"}},
    {"name": "x.y", "argument": {"title": "x.y"}},
    {"name": "\u202ename\n\0", "argument": {"default": 1, "type": "string"}},
    {"name": "$ref", "doc": "$ref"},
]


def deployed(kind: str, operations: Iterable[dict[str, Any]], doc: str = "") -> Deploy:
    described = json.dumps({"doc": doc, "operations": list(operations)})
    manifest = parse_manifest(described, DEFAULT_LIMITS)
    return Deploy("default", kind, 1, "0" * 64, 1, 0, manifest, ())


def make(*deploys: Deploy, namespace: str = "default", limits: Limits = DEFAULT_LIMITS) -> Any:
    made = json.loads(document(deploys, namespace, limits))
    assert [error.message for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    return made


@pytest.fixture(scope="module")
def bare() -> Any:
    return make()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_is_in_the_document(route: Route, bare: Any) -> None:
    operation = bare["paths"][route.path][route.method.lower()]
    assert operation["operationId"] == route.name
    assert {str(status) for status in route.answers} <= operation["responses"].keys()
    codes = set()
    for status, response in operation["responses"].items():
        if status >= "400":
            found = bare["components"]["responses"][response["$ref"].rpartition("/")[2]]
            problem = found["content"]["application/problem+json"]["schema"]["allOf"]
            codes |= set(problem[1]["properties"]["code"]["enum"])
    everywhere = {"invalid-request", "host-not-allowed", "host-fault"}
    if route.method != "GET":
        everywhere.add("origin-not-allowed")
    if route.permission is not None:
        everywhere |= {"unauthenticated", "forbidden", "rate-limited"}
    assert codes == {*everywhere, *(error.code for error in route.errors)}
    queries = {each["name"] for each in operation["parameters"] if each.get("in") == "query"}
    assert queries == route.query
    # Without a permission it is open; with one, by a token, or on a host that has none.
    assert bare["security"] == [{"token": []}, {}]
    assert (operation.get("security") == []) == (route.permission is None)
    allowed = {role.value for role in Role if route.permission in ALLOWED[role]}
    assert set(operation.get("x-kelpie-roles", ())) == allowed


def test_every_shape_is_used(bare: Any) -> None:
    text = json.dumps(bare)
    for name in SHAPES:
        assert f'"#/components/schemas/{name}"' in text, f"{name} is not used"


def test_an_operation_of_a_kind() -> None:
    schema = {"type": "integer", "minimum": 1}
    adding = {"name": "add", "doc": "Adds.", "argument": schema, "result": schema}
    reading = {"name": "get", "read_only": True}
    going = {"name": "go", "durable": True}
    made = make(deployed("counter", [adding, reading, going], "Counts."))
    add = made["paths"]["/v1/actors/counter/{key}/add"]["post"]
    assert (add["operationId"], add["description"]) == ("counter.add", "Adds.")
    assert add["x-kelpie-roles"] == ["invoke", "admin"]
    assert (add["x-kelpie-read-only"], add["x-kelpie-durable"]) == (False, False)
    place = add["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert made["components"]["schemas"][place.rpartition("/")[2]] == schema
    assert add["responses"]["200"]["content"]["application/json"]["schema"]
    names = {each["$ref"].rpartition("/")[2] for each in add["parameters"]}
    assert names == {"key", "namespace", "Idempotency-Key", "Kelpie-Deadline-Ms"}
    get = made["paths"]["/v1/actors/counter/{key}/get"]["post"]
    assert (get["x-kelpie-read-only"], get["x-kelpie-durable"]) == (True, False)
    go = made["paths"]["/v1/actors/counter/{key}/go"]["post"]
    assert (go["x-kelpie-read-only"], go["x-kelpie-durable"]) == (False, True)
    assert get["requestBody"]["required"] is False
    assert {"name": "counter", "description": "Counts."} in made["tags"]


def test_hostile_kinds_do_not_break_it() -> None:
    made = make(deployed("evil", HOSTILE, "<img src=x onerror=alert(1)>"))
    paths = [path for path in made["paths"] if path.startswith("/v1/actors/evil/")]
    names = [unquote(path.split("/")[5]) for path in paths]
    assert names == [each["name"] for each in HOSTILE]
    assert "<" not in json.dumps([made["paths"][path] for path in paths])
    assert "169.254" not in json.dumps(made)
    titles = [made["components"]["schemas"][f"evil.{n}.argument"].get("title") for n in (6, 7, 8)]
    assert titles == ["zero", "one", "x.y"]


def test_it_says_why_a_schema_is_left_out() -> None:
    made = make(deployed("evil", [{"name": "run", "argument": {"$ref": "http://x/"}}]))
    body = made["paths"]["/v1/actors/evil/{key}/run"]["post"]["requestBody"]
    media_type = body["content"]["application/json"]
    assert "leads out of it" in media_type["x-kelpie-omitted"]
    assert "schema" not in media_type


@settings(max_examples=40, deadline=None)
@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {"name": st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)},
            optional={
                "argument": SCHEMAS.filter(lambda each: isinstance(each, dict | bool)),
                "result": SCHEMAS.filter(lambda each: isinstance(each, dict | bool)),
                "doc": st.text(st.characters(codec="utf-8"), max_size=8),
            },
        ),
        unique_by=lambda each: each["name"],
        max_size=5,
    )
)
def test_it_is_valid_whatever_is_deployed(operations: list[dict[str, Any]]) -> None:
    made = json.loads(document([deployed("any", operations)], "default", DEFAULT_LIMITS))
    # What is always the same need not be looked at each time.
    paths = {path: it for path, it in made["paths"].items() if path.startswith("/v1/actors/any/")}
    responses = {name: {"description": name} for name in made["components"]["responses"]}
    components = {**made["components"], "responses": responses}
    schemas = {name: it for name, it in components["schemas"].items() if name.startswith("any.")}
    components["schemas"] = schemas
    made = {**made, "paths": paths, "components": components}
    assert [error.message for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    assert len(paths) == len(operations)


def test_its_size_is_bounded_and_it_says_what_is_missing(bare: Any) -> None:
    limits = replace(DEFAULT_LIMITS, openapi_bytes_max=120 * KIB)
    large = [{"name": f"o{number}", "doc": "x" * 1000} for number in range(20)]
    kinds = [deployed(f"k{number}", large) for number in range(10)]
    small = deployed("small", [{"name": "run"}])
    made = make(*kinds, small, limits=limits)
    omitted = made["x-kelpie-omitted"]
    assert omitted == [f"k{number}" for number in range(10 - len(omitted), 10)]
    assert 0 < len(omitted) < 10
    assert "/v1/actors/small/{key}/run" in made["paths"]
    assert len(json.dumps(made)) < len(json.dumps(bare)) + 121 * KIB
    assert "x-kelpie-omitted" in made["info"]["description"]
    assert "x-kelpie-omitted" not in bare


def test_another_namespace() -> None:
    assert make()["components"]["parameters"]["namespace"]["required"] is False
    other = make(namespace="other")["components"]["parameters"]["namespace"]
    assert (other["required"], other["schema"]["const"]) == (True, "other")

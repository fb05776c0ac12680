"""Responses, and what answers with them."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from http import HTTPStatus

from aiohttp import web

from kelpie.api.paths import Target
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.problem import PROBLEM_TYPE, problem_of
from kelpie.errors import KelpieError

__all__ = [
    "ERROR_CODE",
    "SERVER_HEADER",
    "Handler",
    "json_response",
    "problem_response",
    "respond",
    "unless_known",
]

Handler = Callable[[web.BaseRequest, Target], Awaitable[web.StreamResponse]]

# Under which a response that is an error remembers which, for whoever counts it.
ERROR_CODE = web.ResponseKey("kelpie.error_code", str)
SERVER_HEADER = {"Server": "kelpie"}

_TAG_BYTES = 16
_TAGS = re.compile(r'"[^"]*"')


def respond(status: int, content_type: str, body: bytes) -> web.Response:
    return web.Response(
        status=status, body=body, headers={**SERVER_HEADER, "Content-Type": content_type}
    )


def json_response(value: object, status: int = HTTPStatus.OK) -> web.Response:
    return respond(status, JSON_TYPE, json.dumps(value).encode())


def problem_response(error: KelpieError, trace_id: str | None = None) -> web.Response:
    """The response that tells a client of `error`, in a turn of the trace if it was one."""
    problem = problem_of(error, trace_id)
    response = respond(problem.status, PROBLEM_TYPE, problem.body)
    response.headers.update(problem.headers)
    response[ERROR_CODE] = error.code
    return response


def unless_known(request: web.BaseRequest, content_type: str, body: bytes) -> web.Response:
    """200 with the body and its ETag, or 304 if the client says that it has it."""
    digest = blake2b(body, digest_size=_TAG_BYTES, person=content_type[:_TAG_BYTES].encode())
    tag = f'"{digest.hexdigest()}"'
    given = ",".join(request.headers.getall("If-None-Match", ()))
    if given.strip() == "*" or tag in _TAGS.findall(given):
        response = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=SERVER_HEADER)
    else:
        response = respond(HTTPStatus.OK, content_type, body)
    response.headers["ETag"] = tag
    return response

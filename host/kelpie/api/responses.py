"""Responses, and what answers with them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from kelpie.api.paths import Target
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.problem import PROBLEM_TYPE, problem_of
from kelpie.errors import KelpieError

__all__ = ["ERROR_CODE", "SERVER_HEADER", "Handler", "json_response", "problem_response", "respond"]

Handler = Callable[[web.BaseRequest, Target], Awaitable[web.Response]]

# Under which a response that is an error remembers which, for whoever counts it.
ERROR_CODE = web.ResponseKey("kelpie.error_code", str)
SERVER_HEADER = {"Server": "kelpie"}


def respond(status: int, content_type: str, body: bytes) -> web.Response:
    return web.Response(
        status=status, body=body, headers={**SERVER_HEADER, "Content-Type": content_type}
    )


def json_response(value: object, status: int = HTTPStatus.OK) -> web.Response:
    return respond(status, JSON_TYPE, json.dumps(value).encode())


def problem_response(error: KelpieError) -> web.Response:
    """The response that tells a client of `error`."""
    problem = problem_of(error)
    response = respond(problem.status, PROBLEM_TYPE, problem.body)
    response.headers.update(problem.headers)
    response[ERROR_CODE] = error.code
    return response

"""The routes. A request's path leads to a handler, an error to a problem."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from kelpie.api.bodies import Bodies
from kelpie.api.invocation import REQUEST_ID_HEADER, Invocations
from kelpie.api.manual import error_pages
from kelpie.api.paths import Target, decode_segment, split_target
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE
from kelpie.api.problem import PROBLEM_TYPE, as_kelpie_error, problem_of
from kelpie.api.views import actor_view, deploy_summary, deploy_view
from kelpie.env import Env
from kelpie.errors import (
    ComponentTooLarge,
    Draining,
    InvalidRequest,
    KelpieError,
    MethodNotAllowed,
    PayloadTooLarge,
    RouteNotFound,
    UnsupportedMediaType,
)
from kelpie.ids import Address, check_name
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime

__all__ = ["ROUTES", "Handlers", "problem_response"]

Handler = Callable[[web.BaseRequest, Target], Awaitable[web.Response]]

SERVER_HEADER = {"Server": "kelpie"}
_PAGE_TYPE = "text/markdown; charset=utf-8"
_WASM_TYPES = {"application/wasm", BYTES_TYPE}
ROUTES = (
    "POST /v1/actors/{kind}/{key}/{operation}",
    "GET /v1/actors/{kind}/{key}",
    "GET /v1/kinds",
    "GET or PUT /v1/kinds/{kind}",
    "GET /docs/errors/{code}.md",
    "GET /livez",
    "GET /readyz",
)


class Handlers:
    """Answers every request that this host understands, and every other one."""

    def __init__(
        self, env: Env, runtime: Runtime, limits: Limits, invocations: Invocations
    ) -> None:
        self._runtime = runtime
        self._limits = limits
        self._invocations = invocations
        # Apart, so that uploads which never end keep no argument out.
        self._arguments = Bodies(env, limits)
        self._uploads = Bodies(env, limits)
        self._error_pages = error_pages()
        # By the path's first segments and their number.
        self._routes: dict[tuple[str, int], dict[str, Handler]] = {
            ("livez", 1): {"GET": self._live},
            ("readyz", 1): {"GET": self._ready},
            ("docs/errors", 3): {"GET": self._show_error_page},
            ("v1/kinds", 2): {"GET": self._list_kinds},
            ("v1/kinds", 3): {"GET": self._show_kind, "PUT": self._deploy},
            ("v1/actors", 4): {"GET": self._show_actor},
            ("v1/actors", 5): {"POST": self._invoke},
        }

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answers one request. It raises nothing but cancellation."""
        try:
            _check_coding(request)
            target = split_target(request.raw_path)
            return await self._find(request.method, target.segments)(request, target)
        except Exception as error:  # noqa: BLE001 - logged and answered
            return problem_response(as_kelpie_error(error))

    def _find(self, method: str, segments: list[str]) -> Handler:
        name = segments[0] if len(segments) == 1 else "/".join(segments[:2])
        methods = self._routes.get((name, len(segments)))
        if methods is None:
            raise RouteNotFound(_no_route(segments), routes=list(ROUTES))
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            allow = sorted(methods) + (["HEAD"] if "GET" in methods else [])
            raise MethodNotAllowed(
                f"{method[:20]} is not possible here: use {' or '.join(allow)}", allow=allow
            )
        return handler

    async def _invoke(self, request: web.BaseRequest, target: Target) -> web.Response:
        asked = self._invocations.ask(target.namespace, target.segments[2:], request.headers)
        try:
            self._runtime.kind(asked.address.namespace, asked.address.kind)
            limits = self._limits
            async with self._arguments.arriving(
                request, limits.payload_bytes_max, limits.http_body_ms_max, PayloadTooLarge
            ) as body:
                content_type = request.headers.get("Content-Type")
                reply = await self._invocations.submit(asked, content_type, body)
            response_type = self._invocations.reply_type(asked, reply)
            response = _response(HTTPStatus.OK, response_type, reply.data)
        except Exception as error:  # noqa: BLE001 - logged and answered
            response = problem_response(as_kelpie_error(error))
        response.headers[REQUEST_ID_HEADER] = asked.request_id
        return response

    async def _show_actor(self, _request: web.BaseRequest, target: Target) -> web.Response:
        kind, key = map(decode_segment, target.segments[2:])
        address = Address.checked(target.namespace, kind, key, self._limits)
        return _json(actor_view(await self._runtime.show(address)))

    async def _list_kinds(self, _request: web.BaseRequest, target: Target) -> web.Response:
        check_name("namespace", target.namespace, self._limits)
        deploys = self._runtime.kinds(target.namespace)
        return _json({"kinds": [deploy_summary(each) for each in deploys]})

    async def _show_kind(self, _request: web.BaseRequest, target: Target) -> web.Response:
        check_name("namespace", target.namespace, self._limits)
        kind = decode_segment(target.segments[2])
        check_name("kind", kind, self._limits)
        return _json(deploy_view(self._runtime.kind(target.namespace, kind)))

    async def _deploy(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind = decode_segment(target.segments[2])
        check_name("namespace", target.namespace, self._limits)
        check_name("kind", kind, self._limits)
        _check_upload_type(request)
        limits = self._limits
        async with self._uploads.arriving(
            request, limits.component_bytes_max, limits.http_upload_ms_max, ComponentTooLarge
        ) as upload:
            deploy = await self._runtime.deploy(target.namespace, kind, upload)
        status = HTTPStatus.CREATED if deploy.changed else HTTPStatus.OK
        return _json(deploy_view(deploy), status)

    async def _show_error_page(self, _request: web.BaseRequest, target: Target) -> web.Response:
        name = decode_segment(target.segments[2])
        page = self._error_pages.get(name)
        if page is None:
            raise RouteNotFound(f"there is no page {name[:80]!a}")
        return _response(HTTPStatus.OK, _PAGE_TYPE, page)

    async def _live(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        return _json({"status": "live"})

    async def _ready(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        if not self._runtime.ready:
            raise Draining("the host is starting or stopping")
        return _json({"status": "ready"})


def problem_response(error: KelpieError) -> web.Response:
    """The response that tells a client of `error`."""
    problem = problem_of(error)
    response = _response(problem.status, PROBLEM_TYPE, problem.body)
    response.headers.update(problem.headers)
    return response


def _response(status: int, content_type: str, body: bytes) -> web.Response:
    return web.Response(
        status=status, body=body, headers={**SERVER_HEADER, "Content-Type": content_type}
    )


def _json(value: object, status: int = HTTPStatus.OK) -> web.Response:
    return _response(status, JSON_TYPE, json.dumps(value).encode())


def _no_route(segments: list[str]) -> str:
    if segments[:2] == ["v1", "actors"] and len(segments) > 5:
        return (
            "an actor's path has a kind, a key and an operation: write a slash inside a key as %2F"
        )
    return "nothing is here; these are: " + "; ".join(ROUTES)


def _check_coding(request: web.BaseRequest) -> None:
    """The parser takes a body apart that is chunked last, whatever it was before."""
    codings = ",".join(request.headers.getall("Transfer-Encoding", ()))
    if codings.strip().lower() not in {"", "chunked"}:
        raise InvalidRequest(
            f"the Transfer-Encoding {codings[:80]!r} is not understood: only chunked is"
        )


def _check_upload_type(request: web.BaseRequest) -> None:
    if "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("send the component without Content-Encoding")
    given = request.headers.get("Content-Type")
    if given is not None and given.partition(";")[0].strip().lower() not in _WASM_TYPES:
        raise UnsupportedMediaType(
            f"a component is not {given[:80]!r}: send it as application/wasm "
            "(with curl: -H 'Content-Type: application/wasm' --data-binary @FILE)"
        )

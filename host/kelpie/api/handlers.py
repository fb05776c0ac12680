"""A request's path leads to a handler, an error to a problem."""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import web

from kelpie.access.roles import HOST_WIDE
from kelpie.api.about import AboutHandlers
from kelpie.api.actor_handlers import ActorHandlers
from kelpie.api.batches import BatchHandlers
from kelpie.api.bodies import Bodies
from kelpie.api.browsers import Browsers
from kelpie.api.configuration import ConfigurationHandlers
from kelpie.api.door import CALLER, CHANGE
from kelpie.api.durable_handlers import DurableHandlers
from kelpie.api.guard import Guard
from kelpie.api.invocation import Invocations
from kelpie.api.journal_handlers import JournalHandlers
from kelpie.api.kinds import KindHandlers
from kelpie.api.log_levels import levels, set_level
from kelpie.api.logs import LogHandlers
from kelpie.api.manual import error_pages
from kelpie.api.message_handlers import MessageHandlers
from kelpie.api.metrics import Metrics
from kelpie.api.nearest_route import nearest_route
from kelpie.api.openapi.handler import OpenApiHandlers
from kelpie.api.page import show_page
from kelpie.api.paths import Target, authority_of, decode_segment, split_target
from kelpie.api.problem import as_kelpie_error
from kelpie.api.responses import SERVER_HEADER, json_response, problem_response, respond
from kelpie.api.router import Router
from kelpie.api.routes import ROUTES
from kelpie.api.token_handlers import TokenHandlers
from kelpie.api.traces import TraceHandlers
from kelpie.env import Env
from kelpie.errors import (
    Draining,
    InvalidRequest,
    MethodNotAllowed,
    PayloadTooLarge,
    RouteNotFound,
)
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime

__all__ = ["Handlers"]

_PAGE_TYPE = "text/markdown; charset=utf-8"
_log = logging.getLogger("kelpie")


class Handlers:
    """Answers every request that this host understands, and every other one."""

    def __init__(
        self,
        env: Env,
        runtime: Runtime,
        limits: Limits,
        invocations: Invocations,
        metrics: Metrics,
        browsers: Browsers,
        guard: Guard,
        tokens: TokenHandlers,
        about: AboutHandlers,
    ) -> None:
        self._runtime = runtime
        self._limits = limits
        self._invocations = invocations
        self._metrics = metrics
        self._browsers = browsers
        self._guard = guard
        self._arguments = Bodies(env, limits)
        self._error_pages = error_pages()
        self._batches = BatchHandlers(env, guard.door, invocations, self._arguments, limits)
        self._router = Router(
            ROUTES,
            {
                "invoke": self._invoke,
                **about.handlers,
                "show_log_levels": self._show_log_levels,
                "set_log_level": self._set_log_level,
                "show_metrics": self._show_metrics,
                "show_error_page": self._show_error_page,
                "show_page": show_page,
                "live": self._live,
                "ready": self._ready,
                **self._batches.handlers,
                **ActorHandlers(runtime.actors, invocations, limits).handlers,
                **MessageHandlers(runtime.mail.messages, limits).handlers,
                **DurableHandlers(env, runtime.turns, limits).handlers,
                **KindHandlers(env, runtime, limits).handlers,
                **LogHandlers(env, runtime, guard.door, limits).handlers,
                **OpenApiHandlers(env, runtime, limits).handlers,
                **ConfigurationHandlers(env, runtime, limits).handlers,
                **TraceHandlers(env, runtime.node.traces, limits).handlers,
                **JournalHandlers(env, runtime, limits).handlers,
                **tokens.handlers,
            },
        )

    def drain(self) -> None:
        """Has no stream ask for more turns. Idempotent."""
        self._batches.drain()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request. It raises nothing but cancellation."""
        try:
            _check_coding(request)
            authority = authority_of(request.raw_path)
            self._browsers.check(request.method, request.headers, authority)
            if request.method == "OPTIONS" and request.raw_path == "*":
                self._guard.enter(request, None)
                return _options(self._router.methods)
            target = split_target(request.raw_path)
            return await self._answer(request, target)
        except Exception as error:  # noqa: BLE001 - logged and answered
            return problem_response(as_kelpie_error(error))

    def no_method(self, method: str) -> MethodNotAllowed:
        """What is said of a method that HTTP itself does not have."""
        allow = _allowed(self._router.methods)
        return MethodNotAllowed(
            f"nothing here has the method {method[:20]}: there are {', '.join(allow)}", allow=allow
        )

    async def _answer(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        methods = self._router.find(target.segments)
        self._guard.enter(request, methods)
        if methods is None:
            raise RouteNotFound(_no_route(target.segments), routes=list(map(str, ROUTES)))
        method = request.method
        if method == "OPTIONS":
            return _options(list(methods))
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise _not_allowed(method, list(methods))
        self._guard.check(request, target, found.route)
        target.check_parameters(found.query)
        if target.names_namespace and found.route.permission in HOST_WIDE:
            raise InvalidRequest("this concerns the whole host: leave `namespace` out of the query")
        return await self._guard.answer(request, target, found)

    async def _invoke(self, request: web.BaseRequest, target: Target) -> web.Response:
        asked = self._invocations.ask(
            request[CALLER], target.namespace, target.segments[2:], request.headers
        )
        try:
            self._runtime.kind(asked.address.namespace, asked.address.kind)
            limits = self._limits
            async with self._arguments.arriving(
                request, limits.payload_bytes_max, limits.http_body_ms_max, PayloadTooLarge
            ) as body:
                content_type = request.headers.get("Content-Type")
                reply = await self._invocations.submit(asked, content_type, body)
            response_type = self._invocations.reply_type(asked, reply)
            answer = respond(HTTPStatus.OK, response_type, reply.data)
        except Exception as error:  # noqa: BLE001 - logged and answered
            answer = problem_response(self._invocations.error(asked, error), asked.trace_id)
        answer.headers.update(asked.headers())
        return answer

    async def _show_error_page(self, _request: web.BaseRequest, target: Target) -> web.Response:
        name = decode_segment(target.segments[2])
        page = self._error_pages.get(name)
        if page is None:
            raise RouteNotFound(f"there is no page {name[:80]!a}")
        return respond(HTTPStatus.OK, _PAGE_TYPE, page)

    async def _show_metrics(self, request: web.BaseRequest, _target: Target) -> web.Response:
        accepted = ",".join(request.headers.getall("Accept", ()))
        return respond(HTTPStatus.OK, *await self._metrics.scrape(accepted))

    async def _show_log_levels(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        return json_response({"levels": levels()})

    async def _set_log_level(self, request: web.BaseRequest, target: Target) -> web.Response:
        limits = self._limits
        async with self._arguments.arriving(
            request, limits.log_level_bytes_max, limits.http_body_ms_max, PayloadTooLarge
        ) as body:
            level = body.decode("ascii", "replace").strip()
        logger = decode_segment(target.segments[2])
        set_level(logger, level)
        request[CHANGE].came_to(level)
        _log.info("the level of %s is %s from now on", logger, level)
        return json_response({"levels": levels()})

    async def _live(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        return json_response({"status": "live"})

    async def _ready(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        if not self._runtime.ready:
            raise Draining("the host is starting or stopping")
        return json_response({"status": "ready"})


def _options(methods: list[str]) -> web.Response:
    """What may be asked here."""
    allow = ", ".join(_allowed(methods))
    return web.Response(status=HTTPStatus.NO_CONTENT, headers={**SERVER_HEADER, "Allow": allow})


def _allowed(methods: list[str]) -> list[str]:
    return sorted(methods) + (["HEAD"] if "GET" in methods else []) + ["OPTIONS"]


def _not_allowed(method: str, methods: list[str]) -> MethodNotAllowed:
    allow = _allowed(methods)
    told = f"{method[:20]} is not possible here: use {' or '.join(allow)}"
    if methods == ["POST"] and method in {"GET", "HEAD"}:
        told += (
            "; this is an operation of an actor: what it stores is read with "
            "GET /v1/state/{kind}/{key} and GET /v1/kv/{kind}/{key}"
        )
    return MethodNotAllowed(told, allow=allow)


def _no_route(segments: list[str]) -> str:
    if segments[:2] == ["v1", "actors"] and len(segments) > 5:
        return (
            "an actor's path has a kind, a key and an operation: write a slash inside a key as %2F"
        )
    near = nearest_route(segments)
    if near is not None:
        return f"nothing is here; did you mean {near}?"
    return "nothing is here, nor near it: `routes` has all that there is"


def _check_coding(request: web.BaseRequest) -> None:
    """The parser takes a body apart that is chunked last, whatever it was before."""
    codings = ",".join(request.headers.getall("Transfer-Encoding", ()))
    if codings.strip().lower() not in {"", "chunked"}:
        raise InvalidRequest(
            f"the Transfer-Encoding {codings[:80]!r} is not understood: only chunked is"
        )

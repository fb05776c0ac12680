"""Many operations by one request: as one turn of one actor, or each a turn of its own."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kelpie.api.bodies import Bodies, let_continue
from kelpie.api.door import CALLER, Door
from kelpie.api.invocation import Invocations
from kelpie.api.paths import Target
from kelpie.api.payloads import JSON_LINES_TYPE, check_lines_type
from kelpie.api.responses import SERVER_HEADER, Handler, problem_response, respond
from kelpie.api.trace_context import cause_of_headers
from kelpie.api.turn_stream import TurnStream
from kelpie.env import Env
from kelpie.errors import Draining, Overloaded, PayloadTooLarge, UnsupportedMediaType
from kelpie.ids import check_name
from kelpie.limits import Limits

__all__ = ["BatchHandlers"]


class BatchHandlers:
    """The handlers of JSON lines."""

    def __init__(
        self, env: Env, door: Door, invocations: Invocations, arguments: Bodies, limits: Limits
    ) -> None:
        self._env = env
        self._door = door
        self._invocations = invocations
        self._arguments = arguments
        self._limits = limits
        self._streams: set[TurnStream] = set()
        self._draining = False
        self.handlers: dict[str, Handler] = {"batch": self._batch, "turns": self._turns}

    def drain(self) -> None:
        """Has no stream ask for more turns; what was asked for is answered. Idempotent."""
        self._draining = True
        for stream in self._streams:
            stream.stop(_draining())

    async def _batch(self, request: web.BaseRequest, target: Target) -> web.Response:
        limits, headers = self._limits, request.headers
        asked = self._invocations.ask_batch(
            request[CALLER], target.namespace, target.segments[2:], headers
        )
        try:
            check_lines_type(headers.get("Content-Type"))
            async with self._arguments.arriving(
                request, limits.payload_bytes_max, limits.http_body_ms_max, PayloadTooLarge
            ) as body:
                reply = await self._invocations.submit_batch(asked, body)
            answer = respond(HTTPStatus.OK, JSON_LINES_TYPE, reply.data)
        except Exception as error:  # noqa: BLE001 - logged and answered
            answer = problem_response(self._invocations.error(asked, error), asked.trace_id)
        answer.headers.update(asked.headers())
        return answer

    async def _turns(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        limits, headers = self._limits, request.headers
        check_name("namespace", target.namespace, limits)
        check_lines_type(headers.get("Content-Type"))
        if "Content-Encoding" in headers:
            raise UnsupportedMediaType("send the lines without Content-Encoding")
        patience_ns = self._invocations.patience_ns(headers)
        count = len(self._streams)
        if count >= limits.turn_streams_max:
            raise Overloaded(f"{count} streams of turns are open: ask again later")
        if self._draining:
            raise _draining()
        stream = TurnStream(
            self._env,
            self._door,
            self._invocations,
            request[CALLER],
            limits,
            target.namespace,
            patience_ns,
            cause_of_headers(headers),
        )
        self._streams.add(stream)
        try:
            await let_continue(request)
            response = web.StreamResponse(
                headers={**SERVER_HEADER, "Content-Type": JSON_LINES_TYPE}
            )
            await response.prepare(request)
            await stream.run(request.content, response)
        finally:
            self._streams.discard(stream)
        return response


def _draining() -> Draining:
    return Draining("the host is stopping")

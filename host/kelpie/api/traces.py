"""What became of a request, and of all that it has caused, over HTTP."""

from __future__ import annotations

from aiohttp import web

from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment
from kelpie.api.responses import Handler, json_response
from kelpie.env import Env
from kelpie.errors import TraceNotFound
from kelpie.ids import check_name
from kelpie.limits import Limits
from kelpie.runtime.telemetry.traces import Span, Traces

__all__ = ["TraceHandlers"]

_NS_PER_US = 1_000


class TraceHandlers:
    """`GET /v1/traces/{id}`."""

    def __init__(self, env: Env, traces: Traces, limits: Limits) -> None:
        self._env = env
        self._traces = traces
        self._limits = limits
        self.handlers: dict[str, Handler] = {"show_trace": self._show}

    async def _show(self, _request: web.BaseRequest, target: Target) -> web.Response:
        check_name("namespace", target.namespace, self._limits)
        name = decode_segment(target.segments[2])
        spans = await self._traces.find(name, target.namespace)
        if not spans:
            raise TraceNotFound(
                f"no turn of late is known of {name[:80]!a}: give the id of a trace, or of a "
                "request in it"
            )
        # The clock of turns says how long ago it was.
        zero_ns = self._env.wall_ns() - self._env.monotonic_ns()
        view = [_view(span, zero_ns) for span in spans]
        response = json_response({"trace_id": spans[0].trace_id, "spans": view})
        response.headers["Cache-Control"] = "no-store"
        return response


def _view(span: Span, zero_ns: int) -> dict[str, object]:
    begun, ended, settled = span.begun_ns, span.ended_ns, span.settled_ns
    return {
        "span_id": span.span_id,
        "parent_id": span.cause.span_id or None,
        "cause": span.cause.sort,
        "actor": str(span.address),
        **span.address._asdict(),
        "operation": span.operation or None,
        "request_id": span.request_id,
        "turn": span.turn or None,
        "version": span.version or None,
        "outcome": span.outcome,
        "asked_at": told_moment(zero_ns + span.asked_ns),
        "waited_us": _between(span.asked_ns, begun or settled),
        "ran_us": _between(begun, ended or (settled if span.version else 0)),
        "committed_us": _between(ended, settled),
    }


def _between(one_ns: int, other_ns: int) -> int | None:
    """None if it did not come so far."""
    return (other_ns - one_ns) // _NS_PER_US if one_ns and other_ns else None

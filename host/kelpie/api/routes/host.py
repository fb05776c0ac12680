"""The routes of the host itself."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.payloads import JSON_LINES_TYPE, JSON_TYPE, TEXT_TYPE
from kelpie.api.routes.route import Route, flag, number, text
from kelpie.api.routes.shared import BODY, KIND, json_of
from kelpie.errors import Draining, InvalidAddress, Overloaded, RouteNotFound, TraceNotFound

__all__ = ["HOST_ROUTES"]

_MARKDOWN_TYPE = "text/markdown; charset=utf-8"
# Prometheus's own, and the one for whoever accepts it.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

HOST_ROUTES = (
    Route(
        name="show_logs",
        method="GET",
        path="/v1/logs",
        doc="Show what actors have logged of late, and follow it",
        permission=Permission.READ,
        parameters=(
            text("kind", "Lines of this kind alone"),
            text("key", "Lines of this actor of the kind alone"),
            text("level", "Lines of this level and above: debug, info, warning or error"),
            text("since", "Not what is older: how long ago (90s, 10m, 2h, 1d), or a time"),
            number("last", "At most so many of those that there are"),
            flag("follow", "Go on with what is logged from now on"),
        ),
        answers={200: {JSON_LINES_TYPE: None}},
        errors=(*KIND, Overloaded, Draining),
        namespaced=True,
    ),
    Route(
        name="show_trace",
        method="GET",
        path="/v1/traces/{id}",
        doc="Show what became of a request, and of all that it has caused",
        permission=Permission.READ,
        answers={200: json_of("Trace")},
        errors=(InvalidAddress, TraceNotFound),
        namespaced=True,
    ),
    Route(
        name="show_page",
        method="GET",
        path="/",
        doc="A page to look at what is deployed, and to try it",
        permission=None,
        answers={200: {"text/html; charset=utf-8": None}},
        conditional=True,
    ),
    Route(
        name="show_openapi",
        method="GET",
        path="/v1/openapi.json",
        doc="This document: the routes, and the operations of what is deployed",
        permission=Permission.DESCRIBE,
        parameters=(text("kind", "Tell of this kind alone"),),
        answers={200: {JSON_TYPE: None}},
        errors=KIND,
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="show_host",
        method="GET",
        path="/v1/host",
        doc="Show the host: its version, what it was started with, and its limits",
        permission=Permission.OPERATE,
        answers={200: json_of("Host")},
    ),
    Route(
        name="list_namespaces",
        method="GET",
        path="/v1/namespaces",
        doc="List the namespaces in which something is deployed",
        permission=Permission.OPERATE,
        answers={200: json_of("Namespaces")},
    ),
    Route(
        name="show_log_levels",
        method="GET",
        path="/v1/log-levels",
        doc="Show what is logged",
        permission=Permission.OPERATE,
        answers={200: json_of("LogLevels")},
    ),
    Route(
        name="set_log_level",
        method="PUT",
        path="/v1/log-levels/{logger}",
        doc="Change the level of a logger, until the host stops",
        permission=Permission.OPERATE,
        action="log level",
        body={TEXT_TYPE: "LogLevel"},
        body_required=True,
        answers={200: json_of("LogLevels")},
        errors=(*BODY, RouteNotFound),
    ),
    Route(
        name="show_metrics",
        method="GET",
        path="/metrics",
        doc="The host's metrics, for Prometheus",
        permission=Permission.METRICS,
        answers={200: {_METRICS_TYPE: None, _OPEN_METRICS_TYPE: None}},
    ),
    Route(
        name="show_error_page",
        method="GET",
        path="/docs/errors/{code}.md",
        doc="What an error means, and what to do",
        permission=None,
        answers={200: {_MARKDOWN_TYPE: None}},
        errors=(RouteNotFound,),
    ),
    Route(
        name="live",
        method="GET",
        path="/livez",
        doc="Whether the process answers",
        permission=None,
        answers={200: json_of("Health")},
    ),
    Route(
        name="ready",
        method="GET",
        path="/readyz",
        doc="Whether the host takes requests",
        permission=None,
        answers={200: json_of("Health")},
        errors=(Draining,),
    ),
)

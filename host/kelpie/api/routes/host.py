"""The routes of the host itself."""

from __future__ import annotations

from kelpie.api.payloads import TEXT_TYPE
from kelpie.api.routes.route import Route
from kelpie.api.routes.shared import BODY, json_of
from kelpie.errors import Draining

__all__ = ["HOST_ROUTES"]

_MARKDOWN_TYPE = "text/markdown; charset=utf-8"
# Prometheus's own, and the one for whoever accepts it.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

HOST_ROUTES = (
    Route(
        name="show_log_levels",
        method="GET",
        path="/v1/log-levels",
        doc="Show what is logged",
        answers={200: json_of("LogLevels")},
    ),
    Route(
        name="set_log_level",
        method="PUT",
        path="/v1/log-levels/{logger}",
        doc="Change the level of a logger, until the host stops",
        body={TEXT_TYPE: "LogLevel"},
        body_required=True,
        answers={200: json_of("LogLevels")},
        errors=BODY,
    ),
    Route(
        name="show_metrics",
        method="GET",
        path="/metrics",
        doc="The host's metrics, for Prometheus",
        answers={200: {_METRICS_TYPE: None, _OPEN_METRICS_TYPE: None}},
    ),
    Route(
        name="show_error_page",
        method="GET",
        path="/docs/errors/{code}.md",
        doc="What an error means, and what to do",
        answers={200: {_MARKDOWN_TYPE: None}},
    ),
    Route(
        name="live",
        method="GET",
        path="/livez",
        doc="Whether the process answers",
        answers={200: json_of("Health")},
    ),
    Route(
        name="ready",
        method="GET",
        path="/readyz",
        doc="Whether the host takes requests",
        answers={200: json_of("Health")},
        errors=(Draining,),
    ),
)

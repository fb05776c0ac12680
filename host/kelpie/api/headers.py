"""The names of Kelpie's own headers, and of those of W3C Trace Context."""

from __future__ import annotations

__all__ = [
    "DEADLINE_HEADER",
    "ID_HEADER",
    "REQUEST_ID_HEADER",
    "TRACE_PARENT_HEADER",
    "TRACE_STATE_HEADER",
]

ID_HEADER = "Idempotency-Key"
DEADLINE_HEADER = "Kelpie-Deadline-Ms"
REQUEST_ID_HEADER = "Kelpie-Request-Id"
TRACE_PARENT_HEADER = "traceparent"
TRACE_STATE_HEADER = "tracestate"

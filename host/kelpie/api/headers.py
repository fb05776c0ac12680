"""The names of Kelpie's own headers."""

from __future__ import annotations

__all__ = ["DEADLINE_HEADER", "ID_HEADER", "REQUEST_ID_HEADER"]

ID_HEADER = "Idempotency-Key"
DEADLINE_HEADER = "Kelpie-Deadline-Ms"
REQUEST_ID_HEADER = "Kelpie-Request-Id"

"""What many routes have in common: bodies, and what can go wrong."""

from __future__ import annotations

from kelpie.api.payloads import BYTES_TYPE, JSON_LINES_TYPE, JSON_TYPE, TEXT_TYPE
from kelpie.api.routes.route import Content, Errors
from kelpie.errors import (
    ActorError,
    ComponentInvalid,
    ComponentNotDeterministic,
    ComponentRefused,
    ComponentTooCostly,
    ComponentTooLarge,
    DataDirectoryLocked,
    ExpectationFailed,
    InvalidAddress,
    InvalidText,
    KelpieError,
    KindNotFound,
    Overloaded,
    PayloadTooLarge,
    PlatformError,
    RequestMismatch,
    RequestTimeout,
    StoreError,
    UnsupportedMediaType,
    every_error,
)

__all__ = [
    "BODY",
    "COMPONENT",
    "KIND",
    "LINES",
    "PAYLOAD",
    "PLATFORM",
    "STORE",
    "TURN",
    "UPLOAD",
    "json_of",
]

PAYLOAD: Content = {JSON_TYPE: None, TEXT_TYPE: None, BYTES_TYPE: None}
"""What an actor takes, answers and stores."""
LINES: Content = {JSON_LINES_TYPE: None}
COMPONENT: Content = {"application/wasm": None, BYTES_TYPE: None}


def json_of(schema: str) -> Content:
    """JSON of a schema that `kelpie.api.openapi` knows by this name."""
    return {JSON_TYPE: schema}


def _all(root: type[KelpieError]) -> Errors:
    return tuple(error for error in every_error() if issubclass(error, root))


# A locked directory keeps a host from starting: nobody is told over HTTP.
PLATFORM = tuple(error for error in _all(PlatformError) if error is not DataDirectoryLocked)
"""What can go wrong in any turn, whatever the actor does."""
STORE: Errors = tuple(error for error in PLATFORM if issubclass(error, StoreError))
"""Where the store is asked."""
KIND: Errors = (InvalidAddress, KindNotFound)
"""Where the path has a kind that must be there."""
BODY: Errors = (
    PayloadTooLarge,
    RequestTimeout,
    Overloaded,
    UnsupportedMediaType,
    ExpectationFailed,
)
"""Where a body is read."""
UPLOAD: Errors = (
    ComponentInvalid,
    ComponentNotDeterministic,
    ComponentRefused,
    ComponentTooCostly,
    ComponentTooLarge,
)
"""Where a component is looked at."""
TURN: Errors = (
    *KIND,
    *BODY,
    InvalidText,
    RequestMismatch,
    *_all(ActorError),
    *PLATFORM,
)
"""Where an actor runs."""

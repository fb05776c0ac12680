"""The routes of actors."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.headers import DEADLINE_HEADER, ID_HEADER
from kelpie.api.routes.route import Route, flag, header, number, text
from kelpie.api.routes.shared import KIND, LINES, PAYLOAD, PLATFORM, STORE, TURN, json_of
from kelpie.errors import (
    BatchUnsupported,
    InvalidAddress,
    Overloaded,
    RequestMismatch,
    UnsupportedMediaType,
    ValueNotFound,
)

__all__ = ["ACTOR_ROUTES"]

_PAGE = (
    text("prefix", "Only keys that begin with this"),
    text("after", "Only keys behind this one: the `after` of the page before"),
)
_ID = header(
    ID_HEADER,
    "text",
    "Under the same key the same request is done once",
    "request_id_bytes_max",
)
_DEADLINE = header(
    DEADLINE_HEADER,
    "number",
    "How many milliseconds it may take",
    "request_deadline_ms_max",
)
_TURN_HEADERS = (_ID, _DEADLINE)

ACTOR_ROUTES = (
    Route(
        name="invoke",
        method="POST",
        path="/v1/actors/{kind}/{key}/{operation}",
        doc="Have an actor run an operation",
        permission=Permission.INVOKE,
        parameters=_TURN_HEADERS,
        body=PAYLOAD,
        answers={200: PAYLOAD},
        errors=TURN,
        namespaced=True,
    ),
    Route(
        name="batch",
        method="POST",
        path="/v1/batches/{kind}/{key}",
        doc="Have an actor run many operations as one turn",
        permission=Permission.INVOKE,
        parameters=_TURN_HEADERS,
        body=LINES,
        body_required=True,
        answers={200: LINES},
        errors=(*TURN, BatchUnsupported),
        namespaced=True,
    ),
    Route(
        name="turns",
        method="POST",
        path="/v1/turns",
        doc="Have many actors run operations, each in its own turn",
        permission=Permission.INVOKE,
        parameters=(_DEADLINE,),
        body=LINES,
        body_required=True,
        answers={200: LINES},
        errors=(InvalidAddress, UnsupportedMediaType, Overloaded),
        namespaced=True,
    ),
    Route(
        name="list_actors",
        method="GET",
        path="/v1/actors/{kind}",
        doc="List the actors of a kind that hold something",
        permission=Permission.READ,
        parameters=(*_PAGE, number("limit", "How many at most", "actor_page_entries_max")),
        answers={200: json_of("ActorPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="show_actor",
        method="GET",
        path="/v1/actors/{kind}/{key}",
        doc="Show an actor, without running it",
        permission=Permission.READ,
        answers={200: json_of("Actor")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="delete_actor",
        method="DELETE",
        path="/v1/actors/{kind}/{key}",
        doc="Delete the state and kv of an actor",
        permission=Permission.DELETE,
        action="delete",
        parameters=(
            *_TURN_HEADERS,
            flag("force", "Delete it also where what says who owns it is damaged"),
        ),
        answers={200: json_of("DeletedActor")},
        errors=(*KIND, RequestMismatch, *PLATFORM),
        namespaced=True,
    ),
    Route(
        name="show_state",
        method="GET",
        path="/v1/state/{kind}/{key}",
        doc="Read the state of an actor, as it is stored",
        permission=Permission.READ,
        answers={200: PAYLOAD},
        errors=(*KIND, ValueNotFound, *STORE),
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="list_kv",
        method="GET",
        path="/v1/kv/{kind}/{key}",
        doc="List the kv of an actor",
        permission=Permission.READ,
        parameters=(*_PAGE, number("limit", "How many at most", "kv_page_entries_max")),
        answers={200: json_of("KvPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="show_kv_entry",
        method="GET",
        path="/v1/kv/{kind}/{key}/{entry}",
        doc="Read one value of an actor's kv, as it is stored",
        permission=Permission.READ,
        answers={200: PAYLOAD},
        errors=(*KIND, ValueNotFound, *STORE),
        namespaced=True,
        conditional=True,
    ),
)

"""The routes of durable turns in flight."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.routes.route import Route, number, text
from kelpie.api.routes.shared import KIND, PLATFORM, STORE, json_of
from kelpie.errors import TurnNotInFlight

__all__ = ["TURN_ROUTES"]

TURN_ROUTES = (
    Route(
        name="list_turns",
        method="GET",
        path="/v1/turns",
        doc="List the durable turns in flight, by their actors",
        permission=Permission.READ,
        parameters=(
            text("kind", "Only those of this kind"),
            text("after", "Only those of actors behind this one: the `after` of the page before"),
            number("limit", "How many at most", "turns_page_entries_max"),
        ),
        answers={200: json_of("TurnPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="cancel_turn",
        method="DELETE",
        path="/v1/turns/{kind}/{key}",
        doc="End the durable turn in flight of an actor: nothing of it is kept",
        permission=Permission.DELETE,
        action="cancel-turn",
        parameters=(number("turn", "Only if it has this number"),),
        answers={200: json_of("CancelledTurn")},
        errors=(*KIND, TurnNotInFlight, *PLATFORM),
        namespaced=True,
    ),
)

"""The routes of dead letters and reminders."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.routes.route import Route, number, text
from kelpie.api.routes.shared import KIND, PAYLOAD, PLATFORM, STORE, TURN, json_of
from kelpie.errors import DeadLetterNotFound

__all__ = ["MESSAGE_ROUTES"]

MESSAGE_ROUTES = (
    Route(
        name="list_receivers",
        method="GET",
        path="/v1/letters",
        doc="List the actors that have dead letters, by kind and key",
        permission=Permission.READ,
        parameters=(
            text("kind", "Only those of this kind"),
            text("after", "Only those behind this one: the `after` of the page before"),
            number("limit", "How many at most", "receivers_page_entries_max"),
        ),
        answers={200: json_of("ReceiverPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="list_dead_letters",
        method="GET",
        path="/v1/letters/{kind}/{key}",
        doc="List the dead letters of an actor",
        permission=Permission.READ,
        parameters=(
            number("after", "Only those behind this one: the `after` of the page before"),
            number("limit", "How many at most", "dead_letters_page_entries_max"),
        ),
        answers={200: json_of("DeadLetterPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="retry_dead_letter",
        method="POST",
        path="/v1/letters/{kind}/{key}/{number}",
        doc="Have an actor run a dead letter once more",
        permission=Permission.INVOKE,
        answers={200: PAYLOAD},
        errors=(*TURN, DeadLetterNotFound),
        namespaced=True,
    ),
    Route(
        name="drop_dead_letter",
        method="DELETE",
        path="/v1/letters/{kind}/{key}/{number}",
        doc="Throw a dead letter away",
        permission=Permission.DELETE,
        action="drop-letter",
        answers={200: json_of("DroppedLetter")},
        errors=(*KIND, DeadLetterNotFound, *PLATFORM),
        namespaced=True,
    ),
    Route(
        name="list_reminders",
        method="GET",
        path="/v1/reminders/{kind}/{key}",
        doc="List the reminders of an actor",
        permission=Permission.READ,
        answers={200: json_of("Reminders")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="cancel_reminder",
        method="DELETE",
        path="/v1/reminders/{kind}/{key}/{name}",
        doc="Cancel a reminder",
        permission=Permission.DELETE,
        action="cancel-reminder",
        answers={200: json_of("CancelledReminder")},
        errors=(*KIND, *PLATFORM),
        namespaced=True,
    ),
)

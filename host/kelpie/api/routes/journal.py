"""The routes of journals."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.payloads import BUNDLE_TYPE, TEXT_TYPE
from kelpie.api.routes.route import Route, number
from kelpie.api.routes.shared import BODY, KIND, STORE, json_of
from kelpie.errors import Draining, PayloadTooLarge, TurnsNotFound

__all__ = ["JOURNAL_ROUTES"]

JOURNAL_ROUTES = (
    Route(
        name="show_journal_policy",
        method="GET",
        path="/v1/journal/{kind}",
        doc="Show what is kept of the turns of a kind",
        permission=Permission.DESCRIBE,
        answers={200: json_of("JournalPolicy")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="set_journal_policy",
        method="PUT",
        path="/v1/journal/{kind}",
        doc="Set what is kept of the turns of a kind: `off`, `failures` or `all`",
        permission=Permission.DEPLOY,
        action="journal",
        body={TEXT_TYPE: None},
        body_required=True,
        answers={200: json_of("JournalPolicy")},
        errors=(*KIND, *BODY, Draining, *STORE),
        namespaced=True,
    ),
    Route(
        name="list_journal",
        method="GET",
        path="/v1/journal/{kind}/{key}",
        doc="List the turns in the journal of an actor, newest first",
        permission=Permission.READ,
        parameters=(
            number("before", "Only turns with lower positions"),
            number("limit", "How many at most", "journal_page_entries_max"),
        ),
        answers={200: json_of("JournalPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="export_bundle",
        method="GET",
        path="/v1/bundles/{kind}/{key}",
        doc="Export turns of an actor as a bundle, for `kelpie replay`",
        permission=Permission.READ,
        parameters=(
            number("from", "Only turns with at least this number, and what their instances ran"),
            number("to", "Only turns with at most this number"),
        ),
        answers={200: {BUNDLE_TYPE: None}},
        errors=(*KIND, TurnsNotFound, PayloadTooLarge, *STORE),
        namespaced=True,
    ),
)

"""Every route of the host, as a table: what is dispatched is what is documented.

A request is led by it, whoever asks for what is not there is told of it, and
the OpenAPI document is made of it. Only the hot path knows one row by heart.
"""

from __future__ import annotations

from kelpie.api.routes.access import ACCESS_ROUTES
from kelpie.api.routes.actors import ACTOR_ROUTES
from kelpie.api.routes.configuration import CONFIGURATION_ROUTES
from kelpie.api.routes.host import HOST_ROUTES
from kelpie.api.routes.journal import JOURNAL_ROUTES
from kelpie.api.routes.kinds import KIND_ROUTES
from kelpie.api.routes.messages import MESSAGE_ROUTES
from kelpie.api.routes.route import Route
from kelpie.api.routes.turns import TURN_ROUTES

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *ACTOR_ROUTES,
    *MESSAGE_ROUTES,
    *TURN_ROUTES,
    *KIND_ROUTES,
    *CONFIGURATION_ROUTES,
    *JOURNAL_ROUTES,
    *ACCESS_ROUTES,
    *HOST_ROUTES,
)

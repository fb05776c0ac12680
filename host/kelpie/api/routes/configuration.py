"""The routes of what is set for a kind: its config, and its secrets."""

from __future__ import annotations

from kelpie.access.roles import Permission
from kelpie.api.payloads import TEXT_TYPE
from kelpie.api.routes.route import Content, Route
from kelpie.api.routes.shared import BODY, KIND, STORE, json_of
from kelpie.errors import (
    ConfigurationFull,
    ConfigurationNotFound,
    Draining,
    InvalidText,
)

__all__ = ["CONFIGURATION_ROUTES"]

_CHANGE = (*KIND, *BODY, InvalidText, ConfigurationFull, Draining, *STORE)


def _together(sort: str, show: str, change: str, schema: str) -> tuple[Route, ...]:
    """All of them at once, which are config or secrets."""
    path = f"/v1/kinds/{{kind}}/{sort}"
    return (
        Route(
            name=show,
            method="GET",
            path=path,
            doc=f"Show the {sort} of a kind",
            permission=Permission.DEPLOY,
            answers={200: json_of(schema)},
            errors=(*KIND, *STORE),
            namespaced=True,
            conditional=True,
        ),
        Route(
            name=change,
            method="PATCH",
            path=path,
            doc=f"Set some of the {sort} of a kind, and unset some, by one new version of it",
            permission=Permission.DEPLOY,
            action=sort,
            body=json_of("ConfigurationChange"),
            body_required=True,
            answers={200: json_of(f"{schema}Changed")},
            errors=_CHANGE,
            namespaced=True,
        ),
    )


def _single(sort: str, one: str, schema: str, shown: Content) -> tuple[Route, ...]:
    """One by its name: what it is called, and what is shown of it."""
    path = f"/v1/kinds/{{kind}}/{sort}/{{name}}"
    said = one.replace("_", " ")
    changed = {200: json_of(f"{schema}Changed")}
    return (
        Route(
            name=f"show_{one}",
            method="GET",
            path=path,
            doc=f"Show a {said} of a kind",
            permission=Permission.DEPLOY,
            answers={200: shown},
            errors=(*KIND, ConfigurationNotFound, *STORE),
            namespaced=True,
            conditional=True,
        ),
        Route(
            name=f"set_{one}",
            method="PUT",
            path=path,
            doc=f"Set a {said} of a kind, by a new version of it",
            permission=Permission.DEPLOY,
            action=sort,
            body={TEXT_TYPE: None},
            answers=changed,
            errors=_CHANGE,
            namespaced=True,
        ),
        Route(
            name=f"unset_{one}",
            method="DELETE",
            path=path,
            doc=f"Unset a {said} of a kind, by a new version of it",
            permission=Permission.DEPLOY,
            action=sort,
            answers=changed,
            errors=(*KIND, ConfigurationNotFound, Draining, *STORE),
            namespaced=True,
        ),
    )


CONFIGURATION_ROUTES = (
    *_together("config", "show_config", "change_config", "Config"),
    *_single("config", "config_value", "Config", {TEXT_TYPE: None}),
    *_together("secrets", "show_secrets", "change_secrets", "Secrets"),
    *_single("secrets", "secret", "Secrets", json_of("Secret")),
)

"""The routes of kinds, and of their versions."""

from __future__ import annotations

from kelpie.api.routes.route import Route, flag, number, text
from kelpie.api.routes.shared import BODY, COMPONENT, KIND, STORE, UPLOAD, json_of
from kelpie.errors import (
    DeployBreaking,
    Draining,
    ImportsNotGranted,
    InvalidAddress,
    KindInUse,
    KindsFull,
    Overloaded,
    RequestTimeout,
    UnsupportedMediaType,
    VersionNotFound,
)

__all__ = ["KIND_ROUTES"]

KIND_ROUTES = (
    Route(
        name="list_kinds",
        method="GET",
        path="/v1/kinds",
        doc="List what is deployed",
        answers={200: json_of("Kinds")},
        errors=(InvalidAddress,),
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="show_kind",
        method="GET",
        path="/v1/kinds/{kind}",
        doc="Show a kind, with its operations",
        answers={200: json_of("Kind")},
        errors=KIND,
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="deploy",
        method="PUT",
        path="/v1/kinds/{kind}",
        doc="Deploy a component, or check what a deploy would do",
        parameters=(
            flag("check", "Deploy nothing: only say what would be done"),
            flag("strict", "Refuse a component that removes or narrows operations"),
            text("grant", "What it may import, with commas in between, or `all`"),
        ),
        body=COMPONENT,
        body_required=True,
        answers={200: json_of("DeployedOrChecked"), 201: json_of("Deployed")},
        errors=(
            InvalidAddress,
            UnsupportedMediaType,
            RequestTimeout,
            *UPLOAD,
            KindsFull,
            DeployBreaking,
            ImportsNotGranted,
            Overloaded,
            Draining,
            *STORE,
        ),
        namespaced=True,
    ),
    Route(
        name="delete_kind",
        method="DELETE",
        path="/v1/kinds/{kind}",
        doc="Delete a kind, with all its versions",
        parameters=(flag("force", "Delete what its actors hold as well"),),
        answers={200: json_of("Deleted")},
        errors=(*KIND, KindInUse, Draining, *STORE),
        namespaced=True,
    ),
    Route(
        name="list_versions",
        method="GET",
        path="/v1/kinds/{kind}/versions",
        doc="List the versions of a kind, newest first",
        parameters=(
            number("before", "Only versions with lower numbers"),
            number("limit", "How many at most", "versions_page_entries_max"),
        ),
        answers={200: json_of("VersionPage")},
        errors=(*KIND, *STORE),
        namespaced=True,
    ),
    Route(
        name="show_version",
        method="GET",
        path="/v1/kinds/{kind}/versions/{number}",
        doc="Show one version of a kind",
        answers={200: json_of("Version")},
        errors=(*KIND, VersionNotFound, *STORE),
        namespaced=True,
    ),
    Route(
        name="show_current",
        method="GET",
        path="/v1/kinds/{kind}/current",
        doc="Show the current version of a kind, as the kind itself does",
        answers={200: json_of("Kind")},
        errors=KIND,
        namespaced=True,
        conditional=True,
    ),
    Route(
        name="roll_back",
        method="POST",
        path="/v1/kinds/{kind}/current",
        doc="Make an older version of a kind current again",
        body=json_of("VersionWish"),
        answers={200: json_of("Deployed"), 201: json_of("Deployed")},
        errors=(*KIND, VersionNotFound, *BODY, *UPLOAD, KindsFull, Draining, *STORE),
        namespaced=True,
    ),
)

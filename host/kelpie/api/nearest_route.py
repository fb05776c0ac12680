"""What somebody may have meant who asked for a path that leads nowhere."""

from __future__ import annotations

from difflib import get_close_matches

from kelpie.api.routes import ROUTES
from kelpie.api.routes.route import Route

__all__ = ["nearest_route"]

# What is longer is compared by its beginning: comparing costs its square.
_COMPARED_MAX = 80


def nearest_route(segments: list[str]) -> Route | None:
    """The route that is most like the path, if one is."""
    asked = "/".join(segments)[:_COMPARED_MAX]
    filled = {_filled(route, segments): route for route in reversed(ROUTES)}
    near = [filled[each] for each in get_close_matches(asked, filled, cutoff=0.75)]
    # Whoever has written the first words right has meant them.
    right = [route for route in near if route.path.split("/")[1:3] == segments[:2]]
    return next(iter(right or near), None)


def _filled(route: Route, segments: list[str]) -> str:
    """Its path, with what was asked for in the places that it leaves open."""
    words = route.path.split("/")[1:]
    return "/".join(
        segments[at] if word.startswith("{") and at < len(segments) else word
        for at, word in enumerate(words)
    )[:_COMPARED_MAX]

"""From a path and a method to the route, and to the handler that answers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kelpie.api.responses import Handler
from kelpie.api.routes.route import Route

__all__ = ["Bound", "Methods", "Router"]


class Bound(NamedTuple):
    """A route with its handler."""

    route: Route
    query: frozenset[str]
    handler: Handler


Methods = dict[str, Bound]


class Router:
    """Knows the way to every handler.

    Segments are compared as they were sent, still encoded. Where a path has a
    word and another a parameter, the word is looked for first.
    """

    def __init__(self, routes: Iterable[Route], handlers: Mapping[str, Handler]) -> None:
        self._root = _Place()
        self.routes = tuple(routes)
        names = {route.name for route in self.routes}
        assert names == handlers.keys(), f"not both: {sorted(names ^ handlers.keys())}"
        for route in self.routes:
            place = self._root
            for segment in _segments(route.path):
                place = place.below.setdefault(segment, _Place())
            assert route.method not in place.methods, f"{route} is there twice"
            place.methods[route.method] = Bound(route, route.query, handlers[route.name])
        self.methods = sorted({route.method for route in self.routes})

    def find(self, segments: list[str]) -> Methods | None:
        """What may be asked at a path; None if there is nothing."""
        place = self._root
        for segment in segments:
            below = place.below
            found = below.get(segment) or below.get(_ANY)
            if found is None:
                return None
            place = found
        return place.methods or None


class _Place:
    """The beginning of a path, and what may follow it."""

    __slots__ = ("below", "methods")

    def __init__(self) -> None:
        self.below: dict[str, _Place] = {}
        self.methods: Methods = {}


# A segment of a request has no slash: no word is taken for it.
_ANY = "/"


def _segments(path: str) -> list[str]:
    return [_ANY if each.startswith("{") else each for each in path.split("/")[1:]]

"""The table of routes: what is in it is dispatched, and nothing else is."""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from kelpie.api.paths import Target
from kelpie.api.responses import Handler
from kelpie.api.router import Router
from kelpie.api.routes import ROUTES
from kelpie.api.routes.route import Route
from kelpie.errors import KelpieError
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import Host, request


async def _nothing(_request: web.BaseRequest, _target: Target) -> web.Response:
    return web.Response()


def _handlers(*names: str) -> dict[str, Handler]:
    return dict.fromkeys(names, _nothing)


def _route(name: str, path: str, method: str = "GET") -> Route:
    return Route(name=name, method=method, path=path, doc="", permission=None, answers={})


def _found(router: Router, path: str, method: str = "GET") -> str | None:
    methods = router.find(path.split("/")[1:])
    return None if methods is None else methods[method].route.name


def test_words_are_looked_for_before_parameters() -> None:
    router = Router(
        [_route("one", "/a/{x}"), _route("word", "/a/b"), _route("below", "/a/{x}/c")],
        _handlers("one", "word", "below"),
    )
    assert _found(router, "/a/b") == "word"
    assert _found(router, "/a/z") == "one"
    assert _found(router, "/a/") == "one"
    assert _found(router, "/a/z/c") == "below"
    for nothing in ("/a", "/", "/a/z/d", "/a/z/c/d", "/a/b/c"):
        assert router.find(nothing.split("/")[1:]) is None


def test_every_route_has_a_handler_and_every_handler_a_route() -> None:
    with pytest.raises(AssertionError, match="lost"):
        Router([_route("lost", "/a")], {})
    with pytest.raises(AssertionError, match="idle"):
        Router([], _handlers("idle"))
    with pytest.raises(AssertionError, match="twice"):
        Router([_route("a", "/{x}"), _route("b", "/{y}")], _handlers("a", "b"))


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_row_says_all_that_is_to_be_known(route: Route) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", route.name)
    assert re.fullmatch(r"[A-Z].*[^.]", route.doc)
    assert route.answers
    assert all(issubclass(error, KelpieError) and error.code for error in route.errors)
    assert len(route.query) == len([each for each in route.parameters if each.place == "query"])
    for parameter in route.parameters:
        if parameter.limit is not None:
            assert getattr(DEFAULT_LIMITS, parameter.limit) > 0


def test_the_hot_path_knows_a_row_of_the_table() -> None:
    assert "POST /v1/actors/{kind}/{key}/{operation}" in map(str, ROUTES)


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
async def test_what_a_path_allows_is_what_the_table_has(empty_host: Host, path: str) -> None:
    methods = sorted(route.method for route in ROUTES if route.path == path)
    async with empty_host.wire() as wire:
        await wire.send(request("OPTIONS", re.sub("[{}]", "", path)))
        answer = await wire.answer("HEAD")
    head = ["HEAD"] if "GET" in methods else []
    assert answer.headers["allow"].split(", ") == [*methods, *head, "OPTIONS"]

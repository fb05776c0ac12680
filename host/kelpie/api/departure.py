"""Whoever answers for long is told when nobody is there any more to read it."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

__all__ = ["AttendedConnection", "when_gone"]


class AttendedConnection(RequestHandler):
    """A connection that says when its client has gone. aiohttp tells it only
    whoever writes."""

    on_gone: Callable[[], object] | None = None
    gone = False

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.client_gone()

    def client_gone(self) -> None:
        """The client has closed its side, at the least."""
        self.gone = True
        if self.on_gone is not None:
            self.on_gone()


def when_gone(request: web.BaseRequest, call: Callable[[], object] | None) -> None:
    """Has `call` called once the client has gone; None takes that back.

    A client that closes its side still gets what it has asked for, but it has
    gone: who means to stay keeps its side open.
    """
    connection = request.protocol
    assert isinstance(connection, AttendedConnection)
    connection.on_gone = call
    if call is not None and connection.gone:
        call()

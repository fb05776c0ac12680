"""The handlers of what the host is, and is held to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields

from aiohttp import web

from kelpie import __version__
from kelpie.access.tokens import Tokens
from kelpie.api.paths import Target
from kelpie.api.responses import Handler, json_response
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime

__all__ = ["AboutHandlers", "HostSettings"]

HostSettings = Mapping[str, str | int | bool | None]
"""What a host was started with, by name; nothing secret."""


class AboutHandlers:
    def __init__(
        self, runtime: Runtime, tokens: Tokens, limits: Limits, settings: HostSettings
    ) -> None:
        self._runtime = runtime
        self._tokens = tokens
        self._about = {
            "version": __version__,
            "node": runtime.node.name,
            "incarnation": runtime.node.incarnation,
            "settings": dict(settings),
            "limits": {
                each.name: {"value": getattr(limits, each.name), "bounds": each.metadata["doc"]}
                for each in fields(limits)
            },
        }
        self.handlers: dict[str, Handler] = {
            "show_host": self._show,
            "list_namespaces": self._namespaces,
        }

    async def _show(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        """`damaged` is what could not be read when the host started."""
        kinds = self._runtime.node.damaged_kinds.items()
        damaged = [
            *({"kind": "/".join(name), "detail": error.message} for name, error in kinds),
            *(
                {"token": name, "detail": error.message}
                for name, error in self._tokens.damaged.items()
            ),
        ]
        return json_response({**self._about, "damaged": damaged})

    async def _namespaces(self, _request: web.BaseRequest, _target: Target) -> web.Response:
        counts = Counter(each.namespace for each in self._runtime.kinds())
        found = [{"namespace": name, "kinds": counts[name]} for name in sorted(counts)]
        return json_response({"namespaces": found})

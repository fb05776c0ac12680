"""`GET /v1/openapi.json`."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kelpie.api.openapi.document import document
from kelpie.api.paths import Target
from kelpie.api.payloads import JSON_TYPE
from kelpie.api.responses import Handler, unless_known
from kelpie.env import Env
from kelpie.ids import check_name
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime

__all__ = ["OpenApiHandlers"]


class OpenApiHandlers:
    """Answers with the document. The last one that was made is kept."""

    def __init__(self, env: Env, runtime: Runtime, limits: Limits) -> None:
        self._env = env
        self._runtime = runtime
        self._limits = limits
        self._made_of: object = None
        self._made = b""
        # One is made at a time: it may be a long one.
        self._making = asyncio.Lock()
        self.handlers: dict[str, Handler] = {"show_openapi": self._show}

    async def _show(self, request: web.BaseRequest, target: Target) -> web.Response:
        namespace, kind = target.namespace, target.parameters.get("kind")
        check_name("namespace", namespace, self._limits)
        if kind is None:
            deploys = self._runtime.kinds(namespace)
        else:
            check_name("kind", kind, self._limits)
            deploys = [self._runtime.kind(namespace, kind)]
        made_of = (namespace, [(each.kind, each.number) for each in deploys])
        async with self._making:
            if self._made_of != made_of:
                # Components' schemas may be large: the loop does not wait for them.
                made = await self._env.blocking(document, deploys, namespace, self._limits)
                self._made, self._made_of = made, made_of
            body = self._made
        return unless_known(request, JSON_TYPE, body)

"""Kinds and their versions over HTTP."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus

from aiohttp import web

from kelpie.access.caller import Caller
from kelpie.access.roles import Permission
from kelpie.api.bodies import Bodies
from kelpie.api.door import CALLER, CHANGE
from kelpie.api.paths import Target, decode_segment, number_of
from kelpie.api.payloads import BYTES_TYPE, JSON_TYPE
from kelpie.api.responses import Handler, json_response, unless_known
from kelpie.api.unique_names import parse_unique
from kelpie.api.views import (
    check_view,
    deploy_summary,
    deploy_view,
    deployed_view,
    version_summary,
    version_view,
)
from kelpie.env import Env
from kelpie.errors import (
    ComponentTooLarge,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from kelpie.ids import check_name
from kelpie.limits import KIB, Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.kinds.grants import beyond, parse_grant
from kelpie.runtime.kinds.succession import told
from kelpie.runtime.kinds.terms import Terms

__all__ = ["KindHandlers"]

_WASM_TYPES = {"application/wasm", BYTES_TYPE}
_NUMBER_MAX = (1 << 63) - 1
# A body that says which version.
_WISH_BYTES_MAX = 1 * KIB


class KindHandlers:
    """Deploys, and what there is to know of what is deployed."""

    def __init__(self, env: Env, runtime: Runtime, limits: Limits) -> None:
        self._runtime = runtime
        self._limits = limits
        # Apart from arguments, so that uploads which never end keep none out.
        most = limits.http_uploads_of_principal_max
        self._uploads = Bodies(env, limits, of_principal_max=most)
        self._wishes = Bodies(env, limits)
        self.handlers: dict[str, Handler] = {
            "list_kinds": self._list,
            "show_kind": self._show,
            "deploy": self._deploy,
            "delete_kind": self._delete,
            "list_versions": self._list_versions,
            "show_version": self._show_version,
            "show_current": self._show,
            "roll_back": self._make_current,
        }

    async def _list(self, request: web.BaseRequest, target: Target) -> web.Response:
        check_name("namespace", target.namespace, self._limits)
        deploys = self._runtime.kinds(target.namespace)
        view = {"kinds": [deploy_summary(each) for each in deploys]}
        return unless_known(request, JSON_TYPE, json.dumps(view).encode())

    async def _show(self, request: web.BaseRequest, target: Target) -> web.Response:
        view = deploy_view(self._runtime.kind(target.namespace, target.kind(self._limits)))
        return unless_known(request, JSON_TYPE, json.dumps(view).encode())

    async def _deploy(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        terms = _terms(target, self._limits)
        terms["may_reach"] = partial(_keeps_reach, request[CALLER])
        for namespace in beyond(terms["grant"]):
            # Else it could have its actors do there what it may not do itself.
            request[CALLER].check(Permission.DEPLOY, namespace)
        _check_upload_type(request)
        limits, runtime = self._limits, self._runtime
        async with self._uploads.arriving(
            request, limits.component_bytes_max, limits.http_upload_ms_max, ComponentTooLarge
        ) as upload:
            if target.flag("check"):
                request[CHANGE].is_none()
                return json_response(
                    check_view(await runtime.check(target.namespace, kind, upload, **terms))
                )
            deploy = await runtime.deploy(
                target.namespace, kind, upload, witness=request[CHANGE].witness, **terms
            )
        return _deployed(request, deploy)

    async def _list_versions(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind, entries_max = target.kind(self._limits), self._limits.versions_page_entries_max
        count = target.number("limit", entries_max) or entries_max
        before = target.number("before", _NUMBER_MAX)
        current = self._runtime.kind(target.namespace, kind)
        history = self._runtime.history
        found, more = await history.page(target.namespace, kind, before, count)
        names = _may_see_names(request, target)
        versions = [version_summary(each, current, names=names) for each in found]
        return json_response({"versions": versions, "more": more})

    async def _show_version(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        number = number_of("the version", decode_segment(target.segments[4]), _NUMBER_MAX)
        current = self._runtime.kind(target.namespace, kind)
        found = await self._runtime.history.version(target.namespace, kind, number)
        return json_response(version_view(found, current, names=_may_see_names(request, target)))

    async def _make_current(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind = target.kind(self._limits)
        self._runtime.kind(target.namespace, kind)
        limits = self._limits
        async with self._wishes.arriving(
            request, _WISH_BYTES_MAX, limits.http_body_ms_max, PayloadTooLarge
        ) as body:
            to = _version_in(body, request.headers.get("Content-Type")) if body else None

        def may_reach(namespace: str) -> None:
            # What was granted once, and taken away, is granted again.
            request[CALLER].check(Permission.DEPLOY, namespace)

        deploy = await self._runtime.roll_back(
            target.namespace, kind, to, request[CHANGE].witness, may_reach
        )
        return _deployed(request, deploy)

    async def _delete(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind, force = target.kind(self._limits), target.flag("force")
        actors = await self._runtime.delete_kind(
            target.namespace, kind, force=force, witness=request[CHANGE].witness
        )
        return json_response(
            {"namespace": target.namespace, "kind": kind, "deleted": True, "actors": actors}
        )


def _may_see_names(request: web.BaseRequest, target: Target) -> bool:
    """Whether who asks may see what config and secrets are set, as whoever sets them."""
    return request[CALLER].may(Permission.DEPLOY, target.namespace)


def _deployed(request: web.BaseRequest, deploy: Deploy) -> web.Response:
    if not deploy.changed:
        request[CHANGE].is_vain(told(deploy))
    status = HTTPStatus.CREATED if deploy.changed else HTTPStatus.OK
    return json_response(deployed_view(deploy), status)


def _version_in(body: bytes, content_type: str | None) -> int:
    """The version that a body names.

    Raises:
        InvalidRequest, UnsupportedMediaType
    """
    if _media_type(content_type) != JSON_TYPE:
        raise UnsupportedMediaType("send which version as application/json, or send no body")
    try:
        wish = parse_unique(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the body is no JSON: {error}") from None
    version = wish.get("version") if isinstance(wish, dict) and wish.keys() == {"version"} else None
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= _NUMBER_MAX:
        raise InvalidRequest(
            'name the version to make current, as in {"version": 2}, or send no body for the '
            "version before"
        )
    return version


def _media_type(given: str | None) -> str | None:
    return None if given is None else given.partition(";")[0].strip().lower()


def _keeps_reach(caller: Caller, namespace: str) -> None:
    """Whether a deploy that names no grants may leave those for another namespace to
    what is deployed.

    Raises:
        Forbidden
    """
    caller.check(
        Permission.DEPLOY,
        namespace,
        f"the current version may reach the namespace {namespace!r}, and a deploy that names no "
        "grants keeps that, but {refusal}: have it deployed by somebody who may, or name what "
        "the kind is to be granted from now on (--grant, ?grant=)",
    )


def _terms(target: Target, limits: Limits) -> Terms:
    """On which terms a component is to be deployed.

    Raises:
        InvalidRequest
    """
    grant = target.parameters.get("grant")
    shadow = target.number("shadow", limits.shadow_turns_max)
    allow_divergence = target.flag("allow_divergence")
    if allow_divergence and shadow is None:
        raise InvalidRequest(
            "allow_divergence is about what `shadow` finds: say on how many turns as well"
        )
    return Terms(
        strict=target.flag("strict"),
        grant=None if grant is None else parse_grant(grant),
        determinism_check=not target.flag("no_determinism_check"),
        shadow=shadow,
        allow_divergence=allow_divergence,
    )


def _check_upload_type(request: web.BaseRequest) -> None:
    if "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("send the component without Content-Encoding")
    given = request.headers.get("Content-Type")
    if given is not None and _media_type(given) not in _WASM_TYPES:
        raise UnsupportedMediaType(
            f"a component is not {given[:80]!r}: send it as application/wasm "
            "(with curl: -H 'Content-Type: application/wasm' --data-binary @FILE)"
        )

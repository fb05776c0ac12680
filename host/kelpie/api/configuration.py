"""What is set for a kind, over HTTP: its config, and its secrets without their values."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import cast

from aiohttp import web

from kelpie.api.bodies import Bodies
from kelpie.api.door import CHANGE
from kelpie.api.moments import told_moment
from kelpie.api.paths import Target, decode_segment
from kelpie.api.payloads import JSON_TYPE, TEXT_TYPE
from kelpie.api.responses import Handler, json_response, unless_known
from kelpie.api.unique_names import parse_unique
from kelpie.env import Env
from kelpie.errors import (
    ConfigurationNotFound,
    InvalidRequest,
    InvalidText,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from kelpie.limits import Limits
from kelpie.runtime.host import Runtime
from kelpie.runtime.kinds.configuration import Sort, check_change, secret_digest
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.kinds.succession import told
from kelpie.wasm.contract import interfaces
from kelpie.wasm.kind_configuration import Configuration

__all__ = ["ConfigurationHandlers"]

_MERGE_PATCH_TYPE = "application/merge-patch+json"


class ConfigurationHandlers:
    """Shows and changes it. No answer and no error has a secret's value in it."""

    def __init__(self, env: Env, runtime: Runtime, limits: Limits) -> None:
        self._runtime = runtime
        self._limits = limits
        self._bodies = Bodies(env, limits)
        self.handlers: dict[str, Handler] = {
            "show_config": self._show,
            "change_config": self._change,
            "show_config_value": self._show_one,
            "set_config_value": self._set_one,
            "unset_config_value": self._unset_one,
            "show_secrets": self._show,
            "change_secrets": self._change,
            "show_secret": self._show_one,
            "set_secret": self._set_one,
            "unset_secret": self._unset_one,
        }

    async def _show(self, request: web.BaseRequest, target: Target) -> web.Response:
        deploy = self._deploy(target)
        view = self._view(_sort(target), deploy, await self._runtime.configuration(deploy))
        return unless_known(request, JSON_TYPE, json.dumps(view).encode())

    async def _show_one(self, request: web.BaseRequest, target: Target) -> web.Response:
        deploy, sort, name = self._deploy(target), _sort(target), _name(target)
        configuration = await self._runtime.configuration(deploy)
        _check_there(name, sort, configuration, deploy.kind)
        if sort == "config":
            value = configuration.config[name].encode()
            return unless_known(request, TEXT_TYPE, value)
        view = json.dumps(self._secret_view(name, deploy, configuration))
        return unless_known(request, JSON_TYPE, view.encode())

    async def _set_one(self, request: web.BaseRequest, target: Target) -> web.Response:
        deploy = self._deploy(target)
        _check_type(request, {"text/plain"}, "the value as text/plain, in UTF-8")
        limits = self._limits
        async with self._bodies.arriving(
            request,
            limits.configuration_value_bytes_max,
            limits.http_body_ms_max,
            PayloadTooLarge,
        ) as body:
            return await self._apply(request, target, deploy, {_name(target): _text(body)})

    async def _unset_one(self, request: web.BaseRequest, target: Target) -> web.Response:
        deploy, name = self._deploy(target), _name(target)
        configuration = await self._runtime.configuration(deploy)
        _check_there(name, _sort(target), configuration, deploy.kind)
        return await self._apply(request, target, deploy, {name: None})

    async def _change(self, request: web.BaseRequest, target: Target) -> web.Response:
        deploy = self._deploy(target)
        _check_type(request, {JSON_TYPE, _MERGE_PATCH_TYPE}, "names and values as application/json")
        limits = self._limits
        async with self._bodies.arriving(
            request,
            limits.configuration_change_bytes_max,
            limits.http_body_ms_max,
            PayloadTooLarge,
        ) as body:
            return await self._apply(request, target, deploy, _values(body))

    async def _apply(
        self,
        request: web.BaseRequest,
        target: Target,
        deploy: Deploy,
        values: dict[str, str | None],
    ) -> web.Response:
        sort = _sort(target)
        change = check_change(sort, values, self._limits)
        deploy = await self._runtime.configure(
            deploy.namespace, deploy.kind, change, request[CHANGE].witness
        )
        if not deploy.changed:
            request[CHANGE].is_vain(told(deploy))
        view = self._view(sort, deploy, await self._runtime.configuration(deploy))
        return json_response({**view, "changed": deploy.changed})

    def _deploy(self, target: Target) -> Deploy:
        return self._runtime.kind(target.namespace, target.kind(self._limits))

    def _view(self, sort: Sort, deploy: Deploy, configuration: Configuration) -> dict[str, object]:
        """`imported` says whether the component can read it."""
        found: object = dict(sorted(configuration.config.items()))
        if sort == "secrets":
            names = sorted(configuration.secrets)
            found = [self._secret_view(name, deploy, configuration) for name in names]
        return {
            "namespace": deploy.namespace,
            "kind": deploy.kind,
            "number": deploy.number,
            "imported": sort in interfaces(deploy.imports),
            sort: found,
        }

    def _secret_view(
        self, name: str, deploy: Deploy, configuration: Configuration
    ) -> dict[str, object]:
        secret = configuration.secrets[name]
        return {
            "name": name,
            "digest": secret_digest(self._runtime.node.entropy_secret, deploy, name, secret),
            "set_at": told_moment(secret.set_at_ns),
        }


def _sort(target: Target) -> Sort:
    """Which of the two a path is about: the router has seen that it is one of them."""
    return cast("Sort", target.segments[3])


def _name(target: Target) -> str:
    return decode_segment(target.segments[4])


def _check_there(name: str, sort: Sort, configuration: Configuration, kind: str) -> None:
    names = sorted(configuration.config if sort == "config" else configuration.secrets)
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigurationNotFound(
        f"nothing is set as {name[:80]!a} in the {sort} of {kind!r}{hint}", known=names
    )


def _check_type(request: web.BaseRequest, types: set[str], wanted: str) -> None:
    given = request.headers.get("Content-Type")
    is_known = given is None or given.partition(";")[0].strip().lower() in types
    if "Content-Encoding" in request.headers or not is_known:
        raise UnsupportedMediaType(f"send {wanted}, without Content-Encoding")


def _values(body: bytes) -> dict[str, str | None]:
    """What a body sets and unsets. No error has any of it."""
    try:
        found = parse_unique(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is no JSON") from None
    is_change = isinstance(found, dict) and all(
        value is None or isinstance(value, str) for value in found.values()
    )
    if not is_change:
        raise InvalidRequest(
            'give an object of names with texts, or null to unset one, as in {"COLOR": "red", '
            '"SIZE": null}'
        )
    return cast("dict[str, str | None]", found)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        # The original one has the bytes.
        raise InvalidText("the value is not UTF-8") from None

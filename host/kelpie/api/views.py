"""Deploys and actors as JSON."""

from __future__ import annotations

import json
from base64 import b64encode

from kelpie.api.moments import told_moment
from kelpie.api.payloads import is_json
from kelpie.ids import Payload
from kelpie.runtime.kinds.changes import Changes
from kelpie.runtime.kinds.deploy import Deploy, Differences
from kelpie.runtime.views.actor_views import ActorPage, ActorView
from kelpie.wasm.turn import Page

__all__ = [
    "actor_page_view",
    "actor_view",
    "check_view",
    "deploy_summary",
    "deploy_view",
    "deployed_view",
    "kv_page_view",
    "value_members",
    "version_summary",
    "version_view",
]


def deploy_summary(deploy: Deploy) -> dict[str, object]:
    """What a list of kinds says of each."""
    return {
        "namespace": deploy.namespace,
        "kind": deploy.kind,
        "number": deploy.number,
        "digest": deploy.digest,
        "size_bytes": deploy.size_bytes,
        "deployed_at": told_moment(deploy.deployed_at_ns),
        "operations": list(deploy.manifest.operations),
        "native": deploy.is_native,
    }


def deploy_view(deploy: Deploy) -> dict[str, object]:
    """All that is known of a deploy."""
    operations = deploy.manifest.operations.values()
    return {
        **deploy_summary(deploy),
        "doc": deploy.manifest.doc,
        "imports": list(deploy.imports),
        "grants": deploy.grants,
        "batches": deploy.batches,
        "operations": [operation._asdict() for operation in operations],
    }


def deployed_view(deploy: Deploy) -> dict[str, object]:
    """What came of a deploy, or of going back to an older one."""
    return {
        **deploy_view(deploy),
        "changed": deploy.changed,
        "changes": _changes_view(deploy.changes),
        "shadow": None if deploy.shadow is None else deploy.shadow.told(),
    }


def check_view(deploy: Deploy) -> dict[str, object]:
    """What would come of a deploy. `number` is that of the version compared with."""
    view = deployed_view(deploy)
    del view["number"], view["deployed_at"]
    return {**view, "current": deploy.number or None}


def version_summary(deploy: Deploy, current: Deploy, *, names: bool) -> dict[str, object]:
    """What a list of versions says of each. `names`: also of what was set."""
    return {
        **deploy_summary(deploy),
        "imports": list(deploy.imports),
        "grants": deploy.grants,
        "differences": _differences_view(deploy.differences, names),
        "current": deploy.number == current.number,
    }


def version_view(deploy: Deploy, current: Deploy, *, names: bool) -> dict[str, object]:
    """All that is known of a version. `names`: also those of what was set."""
    return {
        **deploy_view(deploy),
        "differences": _differences_view(deploy.differences, names),
        "current": deploy.number == current.number,
    }


def _changes_view(changes: Changes) -> dict[str, object]:
    return {
        "added": changes.added,
        "removed": changes.removed,
        "narrowed": [each._asdict() for each in changes.narrowed],
        "batches_gone": changes.batches_gone,
        "imports": changes.imports,
    }


def _differences_view(differences: Differences, names: bool) -> dict[str, object]:
    config, secrets = differences.config, differences.secrets
    return {
        "component": differences.component,
        "grants": differences.grants,
        "config": {"set": config.added, "unset": config.removed} if names else None,
        "secrets": {"set": secrets.added, "unset": secrets.removed} if names else None,
    }


def actor_view(view: ActorView) -> dict[str, object]:
    return {
        "namespace": view.address.namespace,
        "kind": view.address.kind,
        "key": view.address.key,
        "active": view.active,
        "epoch": view.epoch,
        "turns": view.turns,
        "deploy_number": view.deploy_number,
        "last_error": view.last_error,
        "queued": view.queued,
    }


def actor_page_view(page: ActorPage) -> dict[str, object]:
    return {"actors": [actor_view(each) for each in page.actors], "after": page.after}


def kv_page_view(page: Page) -> bytes:
    """A page of kv as JSON. Values that are JSON stand in it as they were stored,
    byte by byte: no number loses a digit."""
    entries = b",".join(_kv_entry(key, value) for key, value in page.entries)
    after = json.dumps(page.entries[-1][0].decode() if page.more else None)
    return b'{"entries":[%b],"after":%b}' % (entries, after.encode())


def value_members(value: Payload) -> bytes:
    """`encoding` and `value` of a JSON object: JSON stands in it as it is."""
    if not value.is_text:
        encoding, shown = b"base64", b'"%b"' % b64encode(value.data)
    elif is_json(value.data):
        encoding, shown = b"json", value.data
    else:
        encoding, shown = b"text", json.dumps(value.data.decode()).encode()
    return b'"encoding": "%b","value":%b' % (encoding, shown)


def _kv_entry(key: bytes, value: Payload) -> bytes:
    return b'{"key": %b,%b}' % (json.dumps(key.decode()).encode(), value_members(value))

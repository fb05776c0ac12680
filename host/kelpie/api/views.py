"""Deploys and actors as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from kelpie.runtime.deploys import Deploy
from kelpie.runtime.host import ActorView

__all__ = ["actor_view", "deploy_summary", "deploy_view"]

_NANOSECONDS = 1_000_000_000


def deploy_summary(deploy: Deploy) -> dict[str, object]:
    """What a list of kinds says of each."""
    moment = datetime.fromtimestamp(deploy.deployed_at_ns / _NANOSECONDS, UTC)
    return {
        "namespace": deploy.namespace,
        "kind": deploy.kind,
        "number": deploy.number,
        "digest": deploy.digest,
        "size_bytes": deploy.size_bytes,
        "deployed_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "operations": list(deploy.manifest.operations),
    }


def deploy_view(deploy: Deploy) -> dict[str, object]:
    """All that is known of a deploy."""
    operations = deploy.manifest.operations.values()
    return {
        **deploy_summary(deploy),
        "changed": deploy.changed,
        "doc": deploy.manifest.doc,
        "imports": list(deploy.imports),
        "operations": [operation._asdict() for operation in operations],
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

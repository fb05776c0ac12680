"""Which version of a kind comes after which: the transaction that makes one current."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from kelpie.errors import KindsFull, StoreConflict
from kelpie.runtime.kinds.changes import NO_CHANGES, Changes, check_not_breaking, compare
from kelpie.runtime.kinds.component_uses import note_use
from kelpie.runtime.kinds.configuration import (
    Change,
    differing,
    read_configuration,
    write_configuration,
)
from kelpie.runtime.kinds.deletion import unfinished
from kelpie.runtime.kinds.deploy import (
    Deploy,
    Differences,
    find_deploy,
    read_deploy,
    unpack_number,
    write_deploy,
)
from kelpie.runtime.kinds.grants import anywhere, check_granted, check_widened, granted, listed
from kelpie.runtime.kinds.terms import Terms
from kelpie.runtime.kinds.trimming import trim_versions
from kelpie.runtime.node import Node
from kelpie.store import keyspace
from kelpie.store.protocol import Transaction
from kelpie.wasm.contract import interfaces
from kelpie.wasm.kind_configuration import Configuration

__all__ = [
    "Wanted",
    "changes_between",
    "foreseen",
    "full",
    "reconfigured",
    "redeployed",
    "succeed",
    "told",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version that is to be current: all of it but its number."""

    deploy: Deploy
    configuration: Configuration | None = None
    """What is set from this version on; None: what `configured_at` names."""


async def succeed(
    transaction: Transaction,
    node: Node,
    namespace: str,
    kind: str,
    derive: Callable[[Deploy | None], Awaitable[Wanted]],
    *,
    strict: bool = False,
) -> Deploy:
    """Makes the version that `derive` makes of the current one current.

    Nothing is written if it runs as the current one does. Run again after an
    attempt of which nobody knew, it finds what that one has put there.

    Raises:
        DeployBreaking: `strict`, and it removes or narrows operations.
        ImportsNotGranted: its component imports more than it is granted.
        KindsFull, StoreError, and whatever `derive` raises.
    """
    current_key = keyspace.current_deploy(namespace, kind)
    stored = await transaction.get(current_key)
    if stored is None:
        return await _begin(transaction, node, namespace, kind, await derive(None))
    number = unpack_number(current_key, stored)
    current = await read_deploy(transaction, namespace, kind, number)
    wanted = await derive(current)
    deploy = _judged(current, wanted.deploy, strict=strict)
    if wanted.configuration is None and not deploy.changed:
        if current.deployed_at_ns != deploy.deployed_at_ns:
            return replace(current, changed=False)
        # An earlier attempt of ours, of which nobody knew, has put it there.
        before = await find_deploy(transaction, namespace, kind, number - 1)
        changes = NO_CHANGES if before is None else changes_between(before, deploy)
        return replace(current, changes=changes)
    deploy = replace(deploy, number=number + 1, changed=True)
    if wanted.configuration is not None:
        deploy = replace(deploy, configured_at=deploy.number)
    differences = await _differences(transaction, current, deploy, wanted.configuration)
    made = _write(transaction, replace(deploy, differences=differences), wanted.configuration)
    await trim_versions(transaction, made, node.limits)
    return made


def redeployed(current: Deploy | None, wanted: Deploy, terms: Terms) -> Deploy:
    """A new component, with what the kind has already; and grants, if it is given any.

    Raises: what `may_reach` does, of a namespace that it would reach as the one before.
    """
    grant = terms.get("grant")
    if current is None:
        return replace(wanted, grants=granted(grant, None))
    if grant is None and current.digest != wanted.digest:
        # Else whoever may deploy here would have code of their own act there.
        check_widened(None, current.grants, terms.get("may_reach", anywhere))
    grants = granted(grant, current.grants)
    return replace(wanted, grants=grants, configured_at=current.configured_at)


def foreseen(current: Deploy | None, wanted: Deploy, terms: Terms) -> Deploy:
    """What will be answered, if this is still the current version by then: its
    `number` is that of the current one, or 0.

    Raises:
        DeployBreaking, ImportsNotGranted: as `succeed`; and as `redeployed`.
    """
    deploy = redeployed(current, wanted, terms)
    return _judged(current, deploy, strict=terms.get("strict", False))


def _judged(current: Deploy | None, wanted: Deploy, *, strict: bool) -> Deploy:
    """What is wanted, and how it differs from the current version: its `number` is
    that of the current one, or 0.

    Raises:
        DeployBreaking, ImportsNotGranted: as `succeed`.
    """
    check_granted(wanted.kind, wanted.imports, wanted.grants)
    if current is None:
        return wanted
    changes = changes_between(current, wanted)
    if strict:
        check_not_breaking(changes, current.number, wanted.kind)
    changed = not wanted.runs_as(current)
    return replace(wanted, number=current.number, changed=changed, changes=changes)


async def reconfigured(
    transaction: Transaction, node: Node, current: Deploy | None, change: Change, now_ns: int
) -> Wanted:
    """The current version, with something else set for it.

    Raises:
        ConfigurationFull, StoreError
    """
    assert current is not None, "only a kind that is deployed is configured"
    before = await read_configuration(transaction, current)
    after = change.applied_to(before, now_ns, node.limits, current.kind)
    deploy = replace(current, deployed_at_ns=now_ns)
    return Wanted(deploy, None if after == before else after)


def changes_between(before: Deploy, after: Deploy) -> Changes:
    """What callers may notice, and what it imports that it did not import before."""
    old = interfaces(before.imports)
    imports = tuple(each for each in interfaces(after.imports) if each not in old)
    return compare(before.manifest, after.manifest)._replace(
        imports=imports, batches_gone=before.batches and not after.batches
    )


def full(namespace: str, count: int) -> KindsFull:
    return KindsFull(f"the namespace {namespace!r} has {count} kinds: delete one first")


def told(deploy: Deploy) -> str:
    """What the audit log says of it: names of what was set, never values; and the
    grants, if there are others than before."""
    what = "is" if deploy.changed else "was already"
    config, secrets = deploy.differences.config, deploy.differences.secrets
    named = [("set", (*config.added, *secrets.added)), ("unset", config.removed + secrets.removed)]
    names = "".join(f", {verb} {' '.join(each)}" for verb, each in named if each)
    grants = f", granted {listed(deploy.grants)}" if deploy.differences.grants else ""
    news = f"{names}{grants}" if deploy.changed else ""
    return f"{deploy.digest} {what} version {deploy.number}{news}"


async def _begin(
    transaction: Transaction, node: Node, namespace: str, kind: str, wanted: Wanted
) -> Deploy:
    """The first version of a kind, or the first after it was deleted."""
    deploy = _judged(None, wanted.deploy, strict=False)
    kinds = await transaction.get_range(
        *keyspace.current_deploys(namespace), limit=node.limits.kinds_max
    )
    if len(kinds) >= node.limits.kinds_max:
        raise full(namespace, len(kinds))
    if await unfinished(transaction, namespace, kind):
        raise StoreConflict(f"the kind {kind!r} is being deleted")
    end_key = keyspace.kind_end(namespace, kind)
    ended = await transaction.get(end_key)
    last = 0 if ended is None else unpack_number(end_key, ended)
    differences = Differences(component=True, grants=deploy.grants is not None)
    return _write(transaction, replace(deploy, number=last + 1, differences=differences))


def _write(
    transaction: Transaction, deploy: Deploy, configuration: Configuration | None = None
) -> Deploy:
    if configuration is not None:
        write_configuration(transaction, deploy, configuration)
    write_deploy(transaction, deploy)
    note_use(transaction, deploy)
    return deploy


async def _differences(
    transaction: Transaction, before: Deploy, after: Deploy, configuration: Configuration | None
) -> Differences:
    differences = Differences(before.digest != after.digest, before.grants != after.grants)
    if before.configured_at == after.configured_at:
        return differences
    old = await read_configuration(transaction, before)
    new = configuration or await read_configuration(transaction, after)
    config, secrets = differing(old, new)
    return differences._replace(config=config, secrets=secrets)

"""What an upload is, looked at before anything is kept of it."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import ComponentTooLarge
from kelpie.ids import check_name
from kelpie.journal.comparison import Comparison
from kelpie.limits import Limits
from kelpie.runtime.kinds.components import Components
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.kinds.determinism import check_determinism
from kelpie.runtime.kinds.script import script_of
from kelpie.runtime.kinds.shadow import check_same, run_shadow
from kelpie.runtime.kinds.terms import Terms
from kelpie.runtime.node import Node
from kelpie.wasm.turn import Component

__all__ = ["Examined", "check_upload", "examine"]


class Examined(NamedTuple):
    """An upload's component, its bytes, a deploy of it without a number, and what it
    does with recorded turns if that was asked for."""

    component: Component
    wasm: bytes
    deploy: Deploy
    shadow: Comparison | None


def check_upload(namespace: str, kind: str, upload: bytes, limits: Limits) -> None:
    """
    Raises:
        InvalidAddress, ComponentTooLarge
    """
    check_name("namespace", namespace, limits)
    check_name("kind", kind, limits)
    if len(upload) > limits.component_bytes_max:
        raise ComponentTooLarge(
            f"the upload has {len(upload)} bytes; at most {limits.component_bytes_max} are allowed"
        )


async def examine(
    node: Node,
    components: Components,
    namespace: str,
    kind: str,
    upload: bytes,
    terms: Terms,
) -> Examined:
    """Loads an upload, and runs it as far as is asked for.

    Raises:
        ComponentError
        ReplayDiverged: it does something else, which is not allowed.
        TurnsNotFound: as `run_shadow`.
    """
    component, wasm = await components.inspect(upload)
    if terms.get("determinism_check", True):
        script = script_of(wasm, node.limits)
        await check_determinism(node.env, node.limits, component, script, namespace, kind)
    turns, shadow = terms.get("shadow"), None
    if turns is not None:
        shadow = await run_shadow(node, components, component, namespace, kind, turns)
        if not terms.get("allow_divergence", False):
            check_same(shadow)
    deploy = Deploy(
        namespace,
        kind,
        0,
        component.digest,
        len(wasm),
        node.env.wall_ns(),
        component.manifest,
        component.imports,
        component.batches,
    )
    return Examined(component, wasm, deploy, shadow)

"""What an upload is, looked at before anything is kept of it."""

from __future__ import annotations

from typing import NamedTuple

from kelpie.errors import ComponentTooLarge
from kelpie.ids import check_name
from kelpie.limits import Limits
from kelpie.runtime.components import Components
from kelpie.runtime.deploy import Deploy
from kelpie.runtime.determinism import check_determinism
from kelpie.runtime.node import Node
from kelpie.runtime.script import script_of
from kelpie.runtime.shadow import check_shadow
from kelpie.runtime.terms import Terms
from kelpie.wasm.turn import Component

__all__ = ["Examined", "check_upload", "examine"]


class Examined(NamedTuple):
    """An upload's component, its bytes, and a deploy of it without a number."""

    component: Component
    wasm: bytes
    deploy: Deploy


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
        ReplayDiverged, TurnsNotFound: as `check_shadow`.
    """
    component, wasm = await components.inspect(upload)
    if terms.get("determinism_check", True):
        script = script_of(wasm, node.limits)
        await check_determinism(node.env, node.limits, component, script, namespace, kind)
    shadow = terms.get("shadow")
    if shadow is not None:
        await check_shadow(node, components, component, namespace, kind, shadow)
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
    return Examined(component, wasm, deploy)

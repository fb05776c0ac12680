"""What an upload is, and whether it can become an actor: every reason at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from kelpie.errors import (
    ComponentError,
    ComponentInvalid,
    ComponentRefused,
    ComponentTooLarge,
)
from kelpie.limits import Limits
from kelpie.wasm.contract import BATCH, HANDLER, PACKAGE, VERSION
from kelpie.wasm.turn import Manifest, Operation
from kelpie.wasm.wasi.offers import is_wasi, why_not_served

__all__ = ["Form", "Inspection", "check_upload", "form_of", "read_report", "refused_module"]

Form = Literal["component", "module"]

_HEADERS: dict[bytes, Form] = {
    b"\0asm\x01\0\0\0": "module",
    b"\0asm\x0d\0\x01\0": "component",
}

# What the adapter serves to core modules.
_ADAPTED = "wasi_snapshot_preview1"
# Functions of a foreign module that a reason names.
_NAMED_FUNCTIONS_MAX = 5


@dataclass(slots=True)
class Inspection:
    """What was found out about an upload.

    `reasons` says why it cannot be an actor, one sentence each; empty: it can.
    `manifest` is None where it was not asked, or could not be.
    """

    form: Form
    digest: str
    size: int
    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    contract_version: str | None = None
    manifest: Manifest | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def sealed(self) -> bool:
        """Whether it imports nothing but the contract, so that it can reach
        nothing else and is deterministic by construction."""
        return all(name.startswith(f"{PACKAGE}/") for name in self.imports)

    @property
    def virtual_wasi(self) -> tuple[str, ...]:
        """What it imports of the virtual WASI."""
        return tuple(name for name in self.imports if is_wasi(name))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What it says that it does; nothing if it says nothing."""
        return () if self.manifest is None else tuple(self.manifest.operations.values())

    @property
    def batches(self) -> bool:
        """Whether it takes batches."""
        return BATCH in self.exports

    def error(self) -> ComponentError | None:
        """The error that refuses it, with every reason; None if it is an actor."""
        if not self.reasons:
            return None
        return ComponentRefused(
            "; ".join(self.reasons), reasons=list(self.reasons), imports=list(self.imports)
        )


def check_upload(upload: bytes, limits: Limits) -> Form:
    """What an upload claims to be.

    Raises:
        ComponentTooLarge, ComponentInvalid
    """
    if len(upload) > limits.component_bytes_max:
        raise ComponentTooLarge(
            f"the upload has {len(upload)} bytes; at most {limits.component_bytes_max} are "
            "allowed (component_bytes_max)",
            limit="component_bytes_max",
        )
    return form_of(upload)


def form_of(upload: bytes) -> Form:
    """
    Raises:
        ComponentInvalid: it is neither a component nor a core module.
    """
    form = _HEADERS.get(upload[:8])
    if form is None:
        begins = "is empty" if not upload else f"begins with {upload[:8]!r}"
        raise ComponentInvalid(
            f"the upload {begins}: give a WebAssembly component or core module in binary form"
        )
    return form


def read_report(report: bytes, digest: str, size: int) -> Inspection:
    """What the componentizer's report says of a component, held against the contract."""
    found = json.loads(report)
    imports, exports = found["imports"], found["exports"]
    inspection = Inspection(
        form="component",
        digest=digest,
        size=size,
        imports=tuple(each["name"] for each in imports),
        exports=tuple(each["name"] for each in exports),
        contract_version=_contract_version([*exports, *imports]),
    )
    inspection.reasons = _reasons(imports, exports)
    if not inspection.reasons and found["misfit"]:
        inspection.reasons = [f"it does not fit the contract: {found['misfit']}"]
    return inspection


def refused_module(report: bytes, digest: str, size: int, complaint: str) -> Inspection:
    """What the componentizer's report says of a core module of which it could
    make no component, and why not: `complaint` is the last word on that."""
    found = json.loads(report)
    foreign: dict[str, list[str]] = {}
    for each in found["imports"]:
        if not each["module"].startswith(f"{PACKAGE}/") and each["module"] != _ADAPTED:
            foreign.setdefault(each["module"], []).append(each["name"])
    inspection = Inspection(
        form="module",
        digest=digest,
        size=size,
        imports=tuple(sorted({each["module"] for each in found["imports"]})),
        exports=tuple(each["name"] for each in found["exports"]),
    )
    inspection.reasons = [_foreign_module(name, foreign[name]) for name in sorted(foreign)]
    if not foreign:
        inspection.reasons.append(f"no component could be made of the core module: {complaint}")
    return inspection


def _foreign_module(name: str, functions: list[str]) -> str:
    what = f"it imports {name} ({', '.join(functions[:_NAMED_FUNCTIONS_MAX])}"
    what += ", ...)" if len(functions) > _NAMED_FUNCTIONS_MAX else ")"
    if name.startswith("wasi_"):
        return f"{what}: of WASI a core module may import {_ADAPTED} alone. Build for wasip1"
    return f"{what}, which is not in the contract {PACKAGE}@{VERSION}"


def _contract_version(items: list[dict[str, Any]]) -> str | None:
    return next((item["version"] for item in items if item["package"] == PACKAGE), None)


def _reasons(imports: list[dict[str, Any]], exports: list[dict[str, Any]]) -> list[str]:
    versions = {item["version"] for item in [*imports, *exports] if item["package"] == PACKAGE} - {
        VERSION
    }
    reasons = [
        f"it was built against {PACKAGE}@{version}, and this host speaks {PACKAGE}@{VERSION}: "
        "build it against that"
        for version in sorted(map(str, versions))
    ]
    for item in imports:
        if is_wasi(item["name"]):
            reasons += filter(None, [_foreign_wasi(item)])
        elif item["package"] != PACKAGE:
            reasons.append(_foreign_import(item))
    if not versions and HANDLER not in {item["name"] for item in exports}:
        reasons.append(f"it does not export {HANDLER}: an actor implements `invoke` and `describe`")
    return reasons


def _foreign_import(item: dict[str, Any]) -> str:
    name = item["name"]
    return f"it imports {name}, which is not in the contract {PACKAGE}@{VERSION}"


def _foreign_wasi(item: dict[str, Any]) -> str | None:
    why = why_not_served(item["name"], item["functions"])
    return f"it imports {item['name']}: {why}" if why else None

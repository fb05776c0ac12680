"""`kelpie inspect`: what a file is, and whether it can become an actor."""

from __future__ import annotations

import argparse

from kelpie.cli.cache import cache_directory, without_cache
from kelpie.cli.operations import ways_of
from kelpie.cli.output import print_json, print_table, printable, say, size, tell_error
from kelpie.cli.progress import Progress
from kelpie.cli.reading import read_upload
from kelpie.env import real
from kelpie.env.real import RealEnv
from kelpie.limits import DEFAULT_LIMITS
from kelpie.wasm.contract import interfaces
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.inspection import Inspection
from kelpie.wasm.turn import Manifest

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit status 1 if the file is no actor; stderr has every reason."""
    upload = read_upload(options.file)

    async def inspect(env: RealEnv) -> Inspection:
        engine = WasmEngine(
            env, DEFAULT_LIMITS, cache_directory(), epochs=True, trouble=without_cache()
        )
        try:
            return await engine.inspect(upload)
        finally:
            engine.close()

    with Progress() as progress:
        progress.show(f"looking into {options.file}, and compiling it ...")
        inspection = real.run(inspect, lambda what, error: say(f"kelpie: {what}: {error}"))
    if options.output == "json":
        print_json(_view(inspection))
    else:
        _print(inspection)
    refusal = inspection.error()
    if refusal is None:
        return 0
    tell_error(refusal)
    return 1


def _view(inspection: Inspection) -> dict[str, object]:
    manifest = inspection.manifest
    return {
        "form": inspection.form,
        "size_bytes": inspection.size,
        "digest": inspection.digest,
        "contract": inspection.contract_version,
        "sealed": inspection.sealed,
        "virtual_wasi": list(inspection.virtual_wasi),
        "imports": list(inspection.imports),
        "exports": list(inspection.exports),
        "doc": manifest.doc if manifest is not None else None,
        "operations": [operation._asdict() for operation in inspection.operations],
        "reasons": inspection.reasons,
    }


def _print(inspection: Inspection) -> None:
    rows = [
        ("form", inspection.form),
        ("size", size(inspection.size)),
        ("digest", inspection.digest),
        ("contract", inspection.contract_version or "none"),
        ("sealed", _told_seal(inspection)),
        ("batches", "yes" if inspection.batches else "no"),
        ("imports", ", ".join(inspection.imports) or "nothing"),
        ("grants", ",".join(interfaces(inspection.imports)) or "none needed"),
        ("exports", ", ".join(inspection.exports) or "nothing"),
    ]
    for name, value in rows:
        print(printable(f"{name:<10}{value}"))
    if inspection.manifest is not None:
        _print_manifest(inspection.manifest)


def _told_seal(inspection: Inspection) -> str:
    if inspection.sealed:
        return "yes"
    return "no: virtual WASI" if inspection.virtual_wasi else "no"


def _print_manifest(manifest: Manifest) -> None:
    if manifest.doc:
        print(printable(f"{'doc':<10}{manifest.doc}"))
    print()
    rows = [
        (each.name, ways_of(each) or "writes", each.doc.partition("\n")[0])
        for each in manifest.operations.values()
    ]
    print_table(("OPERATION", "", "WHAT IT DOES"), rows)

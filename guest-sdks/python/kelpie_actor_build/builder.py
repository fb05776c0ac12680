"""From a project to a component, with componentize-py."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kelpie_actor
from kelpie_actor_build.componentizer import how_to_get_it
from kelpie_actor_build.empty_blocks import without_empty_blocks
from kelpie_actor_build.errors import BuildError
from kelpie_actor_build.folders import check_folders
from kelpie_actor_build.messages import error_of
from kelpie_actor_build.passed_lists import FORGETFUL, with_passed_lists_freed
from kelpie_actor_build.project import INTERFACES, Project
from kelpie_actor_build.sources import Sources, read_sources
from kelpie_actor_build.stubs import in_order

__all__ = ["build"]

_COMPONENT = Path(__file__).parent / "component"
_ENTRY = "kelpie_entry"
_MAIN = """\
import sys
sys.dont_write_bytecode = True  # the author's folders stay as they are
from kelpie_guest import ambient  # first: it changes what the others import
import {module}
from kelpie_guest.exports import finish
Handler, Batch = finish({lazily_imported!r})
"""


def build(project: Path, output: Path) -> None:
    """Makes a component of the project in this folder, and writes it to `output`.

    It is sealed: it imports interfaces of the contract alone, and of those only what
    the sources seem to use. Nothing is written if it fails.

    Raises:
        BuildError: it cannot be built; the message says why, and what to do.
    """
    read = Project.read(project)
    sources = read_sources(read)
    command = how_to_get_it()
    if command is not None:
        raise BuildError(
            f"componentize-py is not installed, which makes components of Python: {command}"
        )
    check_folders((read.folder, *read.python_paths))
    with tempfile.TemporaryDirectory(prefix="kelpie-build-") as name:
        work = Path(name)
        _lay_out(work, read, sources)
        made = work / "made.wasm"
        _componentize(work, read, made)
        output.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place first: nobody finds half a component there.
        beside = output.with_name(f".{output.name}.new")
        beside.write_bytes(_mended(made.read_bytes()))
        beside.replace(output)


def _mended(component: bytes) -> bytes:
    component = without_empty_blocks(in_order(component))
    if importlib.metadata.version("componentize-py") in FORGETFUL:
        return with_passed_lists_freed(component)
    return component


def _lay_out(work: Path, project: Project, sources: Sources) -> None:
    """The folders that the component is made of: the SDK and the main module in
    `python`, the contract and the component's world in `wit`."""
    python = work / "python"
    ignored = shutil.ignore_patterns("__pycache__", "testing")
    shutil.copytree(Path(kelpie_actor.__file__).parent, python / "kelpie_actor", ignore=ignored)
    shutil.copytree(_COMPONENT / "kelpie_guest", python / "kelpie_guest", ignore=ignored)
    main = _MAIN.format(module=project.module, lazily_imported=sources.lazily_imported)
    (python / f"{_ENTRY}.py").write_text(main)
    contract = importlib.resources.files("kelpie.wasm").joinpath("actor.wit").read_text()
    used = sources.interfaces | set(project.imports)
    imports = "".join(f"    import {name};\n" for name in INTERFACES if name in used)
    world = f"\nworld guest {{\n{imports}    export handler;\n    export batch;\n}}\n"
    (work / "wit").mkdir()
    (work / "wit" / "actor.wit").write_text(contract + world)
    # componentize-py adds the packages of the environment that it finds itself in,
    # which are for another Python. It is given an empty one to find.
    (work / "empty/lib/python3/site-packages").mkdir(parents=True)


def _componentize(work: Path, project: Project, output: Path) -> None:
    folders = [work / "python", project.folder, *project.python_paths]
    paths = [argument for folder in folders for argument in ("-p", str(folder))]
    command = [
        *(sys.executable, "-c", "import sys, componentize_py; sys.exit(componentize_py.script())"),
        *("-d", str(work / "wit"), "-w", "guest", "componentize", "--stub-wasi"),
        *(*paths, _ENTRY, "-o", str(output)),
    ]
    environment = os.environ | {"VIRTUAL_ENV": str(work / "empty")}
    done = subprocess.run(
        command, env=environment, cwd=work, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not output.is_file():
        raise BuildError(error_of(done.stdout + done.stderr, [str(each) for each in folders]))

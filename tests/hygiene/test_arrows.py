"""Dependencies point one way: from the CLI down to limits, never back."""

from __future__ import annotations

import pytest

import kelpie
from tests.hygiene.source import SourceFile, host_files, imports

# A room may import the rooms below its own line, and nothing else of the host.
LINES = (
    ("__main__",),
    ("cli",),
    ("api",),
    ("cluster",),
    ("agents",),
    ("projects",),
    ("runtime", "access"),
    ("journal", "native"),
    ("wasm", "store"),
    ("componentizer", "env"),
    ("ids",),
    ("errors", "meters"),
    ("limits",),
)
HEIGHT = {room: -line for line, rooms in enumerate(LINES) for room in rooms}

# What each of these is for is one room's business.
OWNERS = {
    "wasmtime": {"wasm"},
    "sqlite3": {"store"},
    "fdb": {"store"},
    "aiohttp": {"api"},
    "aiohappyeyeballs": {"env"},
    "httptools": {"api"},
    "argcomplete": {"cli"},
    "greenlet": {"native"},
    "jsonschema": {"api"},
    "argparse": {"cli"},
    "prometheus_client": {"api"},
}


def test_every_room_has_its_place() -> None:
    rooms = {file.room for file in host_files()} - {"", "sim"}
    assert rooms <= set(HEIGHT), "name the new room in LINES"


@pytest.mark.parametrize("file", host_files(), ids=lambda file: file.module)
def test_arrows_between_rooms(file: SourceFile) -> None:
    wrong = [
        f"{file.name}:{line}: {file.room or 'kelpie'} imports {name}"
        for line, name in imports(file)
        if name.split(".")[0] == "kelpie" and not _allowed(file.room, name)
    ]
    assert not wrong, "\n".join(wrong)


def _allowed(room: str, imported: str) -> bool:
    target = imported.split(".")[1] if "." in imported else ""
    if target.startswith("_") or target == room:
        return True  # the package's own name or version, or the room itself
    if target == "sim":
        return room == "cli"
    if room == "sim":
        return target != "cli"
    if room == "":
        # What users import of it, named for type checkers; see `test_start`.
        return imported.rpartition(".")[2] in kelpie.__all__
    return HEIGHT[target] < HEIGHT[room]


@pytest.mark.parametrize("library", OWNERS)
def test_libraries_belong_to_rooms(library: str) -> None:
    wrong = [
        f"{file.name}:{line}"
        for file in host_files()
        for line, name in imports(file)
        if name.split(".")[0] == library and file.room not in OWNERS[library]
    ]
    assert not wrong, f"{library} is imported outside {OWNERS[library]}: {wrong}"


def test_a_wrong_arrow_is_seen() -> None:
    assert not _allowed("store", "kelpie.runtime.host")
    assert not _allowed("store", "kelpie.wasm.turn")
    assert not _allowed("api", "kelpie.sim.command")
    assert not _allowed("sim", "kelpie.cli.main")
    assert _allowed("cli", "kelpie.sim.command")
    assert _allowed("runtime", "kelpie.wasm.turn")

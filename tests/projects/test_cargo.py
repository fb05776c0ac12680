"""Which cargo is taken, and how it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kelpie.projects.cargo import TARGET, Cargo
from kelpie.projects.errors import ToolchainMissing
from tests.projects.fakes import fake_cargo, write_tool


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CARGO_HOME", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"):
        monkeypatch.delenv(name, raising=False)


def look_in(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    monkeypatch.setenv("PATH", ":".join(map(str, places)))


def test_one_with_the_target_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = fake_cargo(tmp_path / "poor", target=False, sources=True)
    rich = fake_cargo(tmp_path / "rich")
    write_tool(poor / "wasm-ld", "#!/bin/sh\n")
    look_in(monkeypatch, poor, rich)
    cargo = Cargo.find(tmp_path)
    assert (cargo.cargo, cargo.rustc) == (rich / "cargo", rich / "rustc")
    assert cargo.notice is None
    command = cargo.build("--locked")
    assert command[:5] == [str(rich / "cargo"), "build", "--release", "--target", TARGET]
    assert command[-1] == "--locked"
    assert not any(word.startswith("-Z") for word in command)
    assert cargo.environment() == {"RUSTC": str(rich / "rustc")}


def test_else_the_library_is_built_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = fake_cargo(tmp_path, target=False, sources=True)
    write_tool(tools / "wasm-ld", "#!/bin/sh\n")
    look_in(monkeypatch, tools)
    cargo = Cargo.find(tmp_path)
    assert f"rustup target add {TARGET}" in (cargo.notice or "")
    assert "-Zbuild-std=std,panic_abort" in cargo.build()
    environment = cargo.environment()
    assert environment["RUSTC_BOOTSTRAP"] == "1"
    assert environment["CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"] == str(tools / "wasm-ld")


def test_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_in(monkeypatch, tmp_path)
    with pytest.raises(ToolchainMissing, match="no Rust") as missing:
        Cargo.find(tmp_path)
    assert f"then: rustup target add {TARGET}" in missing.value.advice


def test_one_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = fake_cargo(tmp_path)
    write_tool(tools / "rustc", "#!/bin/sh\necho no default toolchain >&2; exit 1\n")
    look_in(monkeypatch, tools)
    with pytest.raises(ToolchainMissing, match=f"{tools}/rustc does not run here") as missing:
        Cargo.find(tmp_path)
    assert missing.value.advice[0] == "try: rustup default stable"


@pytest.mark.parametrize("version", ["1.87.1", "0.99.0-nightly"])
def test_one_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    old = fake_cargo(tmp_path / "old")
    write_tool(old / "rustc", f"#!/bin/sh\necho 'rustc {version} (abc 2024-01-01)'\n")
    look_in(monkeypatch, old)
    with pytest.raises(ToolchainMissing, match=f"is {version}; actors need 1.88") as missing:
        Cargo.find(tmp_path)
    assert missing.value.advice[0] == "try: install Rust, as https://rustup.rs says"
    write_tool(old / "rustup", "#!/bin/sh\n")
    with pytest.raises(ToolchainMissing) as missing:
        Cargo.find(tmp_path)
    assert missing.value.advice[0] == "try: rustup update stable"
    new = fake_cargo(tmp_path / "new")
    look_in(monkeypatch, old, new)
    assert Cargo.find(tmp_path).cargo == new / "cargo"


@pytest.mark.parametrize("rustup", [True, False])
def test_no_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rustup: bool) -> None:
    tools = fake_cargo(tmp_path, target=False)
    if rustup:
        write_tool(tools / "rustup", "#!/bin/sh\n")
    look_in(monkeypatch, tools)
    with pytest.raises(ToolchainMissing, match=f"no target {TARGET}") as missing:
        Cargo.find(tmp_path)
    assert f"rustup target add {TARGET}" in missing.value.advice[0]
    assert (missing.value.advice[0] == f"try: rustup target add {TARGET}") == rustup


def test_what_rustup_has_just_installed_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = fake_cargo(tmp_path)
    home = tmp_path / ".cargo"
    home.mkdir()
    (home / "bin").symlink_to(tools)
    look_in(monkeypatch, Path("/nowhere"))
    # The fake rustc is a script of the shell.
    monkeypatch.setenv("PATH", "/nowhere")
    assert Cargo.find(tmp_path).cargo == home / "bin" / "cargo"


def test_crates_are_got_before_the_first_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_in(monkeypatch, fake_cargo(tmp_path))
    cargo = Cargo.find(tmp_path)
    assert cargo.fetch() == [str(cargo.cargo), "fetch"]
    (tmp_path / ".cargo" / "registry" / "src").mkdir(parents=True)
    assert cargo.fetch() is None


def test_paths_of_this_machine_are_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crates = tmp_path / ".cargo" / "registry" / "src" / "index-1"
    crates.mkdir(parents=True)
    look_in(monkeypatch, fake_cargo(tmp_path))
    cargo = Cargo.find(tmp_path)
    paths = {Path("/work"): "here"}
    command = cargo.build(paths=paths)
    option = command[command.index("--config") + 1]
    name, _, value = option.partition("=")
    assert name == f"target.{TARGET}.rustflags"
    flags = json.loads(value)
    assert "--remap-path-prefix=/work=here" in flags
    assert f"--remap-path-prefix={crates}=crates" in flags
    # Flags of the author's are kept, where they would be read in place of these.
    monkeypatch.setenv("RUSTFLAGS", "-C debuginfo=1")
    given = cargo.environment(paths)["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")
    assert given == ["-C", "debuginfo=1", *flags]
    monkeypatch.setenv("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fa b")
    given = cargo.environment(paths)["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")
    assert given == ["--cfg", "a b", *flags]

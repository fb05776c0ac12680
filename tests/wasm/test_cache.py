"""The cache of compiled forms: whole entries or none, whatever happens to the files."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelpie.env.real import RealEnv
from kelpie.errors import HostFault
from kelpie.limits import MIB
from kelpie.wasm.cache import CompiledCache, do_without
from kelpie.wasm.compiled_form import pack
from kelpie.wasm.compiler import Compiler
from kelpie.wasm.configuration import Configuration
from kelpie.wasm.engine import WasmEngine
from kelpie.wasm.image_taking import Taken
from tests.compiled import PATIENT
from tests.wasm.support import COUNTER, Workbench

NAME = "0" * 64 + "-guest-abc"


def cache(directory: Path, bytes_max: int = MIB) -> CompiledCache:
    return CompiledCache(directory, bytes_max)


def entry(directory: Path) -> Path:
    (found,) = directory.iterdir()
    return found


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(100_000)])
def test_what_is_put_is_got(tmp_path: Path, content: bytes) -> None:
    cache(tmp_path / "new").put(NAME, content)
    assert cache(tmp_path / "new").get(NAME) == content


def test_what_was_never_put(tmp_path: Path) -> None:
    assert cache(tmp_path).get(NAME) is None
    assert cache(tmp_path / "absent").get(NAME) is None


def test_without_a_directory_nothing_is_kept() -> None:
    nothing = CompiledCache(None, MIB)
    nothing.put(NAME, b"x")
    assert nothing.get(NAME) is None


def test_the_directory_is_private(tmp_path: Path) -> None:
    cache(tmp_path / "private").put(NAME, b"x")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(tmp_path / "private").stat().st_mode) == 0o600


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_entry_is_none_and_goes(tmp_path: Path, data: st.DataObject) -> None:
    kept = cache(tmp_path)
    kept.put(NAME, b"the compiled form of something")
    path = entry(tmp_path)
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        torn = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        flip = data.draw(st.integers(1, 255))
        torn = whole[:at] + bytes((whole[at] ^ flip,)) + whole[at + 1 :]
    path.write_bytes(torn)
    assert kept.get(NAME) is None
    assert not path.exists()


def test_an_entry_under_another_name_is_none(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put(NAME, b"x")
    other = "1" + NAME[1:]
    entry(tmp_path).rename(tmp_path / f"{other}.compiled")
    assert kept.get(other) is None


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    kept = cache(tmp_path, bytes_max=3_500)
    names = [f"{index}{NAME[1:]}" for index in range(4)]
    for second, name in enumerate(names[:3]):
        kept.put(name, b"x" * 1_000)
        os.utime(tmp_path / f"{name}.compiled", (second, second))
    assert kept.get(names[0]) is not None  # so it is the newest now
    kept.put(names[3], b"x" * 1_000)
    assert [kept.get(name) is not None for name in names] == [True, False, True, True]


def test_an_entry_over_the_limit_is_not_kept(tmp_path: Path) -> None:
    kept = cache(tmp_path, bytes_max=100)
    kept.put(NAME, b"x" * 101)
    assert kept.get(NAME) is None


def test_no_half_file_stays_behind_when_a_write_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        cache(tmp_path).put(NAME, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HostFault, match="cannot be used"):
        cache(tmp_path / "file").get_or_make(NAME, lambda: b"x")


def test_what_is_kept_is_not_made_again(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"x"

    assert [cache(tmp_path).get_or_make(NAME, make) for _ in range(3)] == [b"x"] * 3
    assert len(made) == 1


def _hammer(directory: Path, number: int) -> None:
    kept = cache(directory, 10 * MIB)
    for round_ in range(200):
        content = bytes((number,)) * 50_000
        kept.put(NAME, content)
        found = kept.get(NAME)
        assert found is not None
        assert found in [bytes((each,)) * 50_000 for each in range(2)], round_


def test_two_processes_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_hammer, args=(tmp_path, each)) for each in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]


async def test_a_damaged_entry_is_compiled_again(env: RealEnv, tmp_path: Path) -> None:
    for _ in range(2):
        bench = Workbench(WasmEngine(env, PATIENT, tmp_path, epochs=False))
        await bench.component(COUNTER)
        bench.close()
        for path in tmp_path.iterdir():
            whole = path.read_bytes()
            assert len(whole) > 100
            path.write_bytes(whole[:-1])


async def test_an_entry_the_engine_cannot_load_is_made_anew(env: RealEnv, tmp_path: Path) -> None:
    bench = Workbench(WasmEngine(env, PATIENT, tmp_path, epochs=False))
    await bench.component(COUNTER)
    (compiled,) = tmp_path.glob("*-guest-*")
    kept = cache(tmp_path, 100 * MIB)
    kept.put(compiled.stem, b"whole, and yet no compiled form")
    bench.close()
    again = Workbench(WasmEngine(env, PATIENT, tmp_path, epochs=False))
    await again.component(COUNTER)
    again.close()
    assert (kept.get(compiled.stem) or b"").startswith(b"\x7fELF")


async def test_a_report_spares_the_tool(
    env: RealEnv, cache_directory: Path, tmp_path: Path
) -> None:
    bench = Workbench(WasmEngine(env, PATIENT, cache_directory, epochs=False))
    known = await bench.component(COUNTER)
    assert known.report
    bench.close()
    engine = WasmEngine(env, PATIENT, tmp_path, epochs=False)
    loaded = await engine.load(COUNTER.read_bytes(), known.report)
    assert (loaded.report, loaded.imports) == (known.report, known.imports)
    engine.close()
    (guest,) = tmp_path.iterdir()
    assert "-guest-" in guest.name


async def test_a_report_of_another_tool_counts_for_nothing(
    env: RealEnv, cache_directory: Path, tmp_path: Path
) -> None:
    engine = WasmEngine(env, PATIENT, tmp_path, epochs=False, shared_directory=cache_directory)
    report = b"0" * 16 + b'{"imports": [], "exports": [], "misfit": null}'
    loaded = await engine.load(COUNTER.read_bytes(), report)
    engine.close()
    assert loaded.imports
    # The tool is where all engines have it.
    assert sorted(each.name.split("-")[1] for each in tmp_path.iterdir()) == ["guest", "report"]
    assert list(cache_directory.glob("*-tool-*"))


async def test_what_another_has_compiled_is_found_and_kept(
    env: RealEnv, cache_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a deploy need not compile again what `kelpie build` has."""
    others = WasmEngine(env, PATIENT, cache_directory, epochs=False)
    await others.load(COUNTER.read_bytes())
    others.close()

    def compiles(*_arguments: object, **_options: object) -> bytes:
        raise AssertionError("it was compiled again")

    monkeypatch.setattr(Compiler, "_compile", compiles)
    for shared in (cache_directory, None):
        engine = WasmEngine(env, PATIENT, tmp_path, epochs=False, shared_directory=shared)
        assert (await engine.load(COUNTER.read_bytes())).manifest.operations
        engine.close()


async def test_what_another_has_compiled_wrongly_is_compiled_again(
    env: RealEnv, cache_directory: Path, tmp_path: Path
) -> None:
    wasm, shared = COUNTER.read_bytes(), tmp_path / "shared"
    compiler = Compiler(Configuration.of(PATIENT, epochs=False), PATIENT, CompiledCache(None, 1))
    shared.mkdir(mode=0o700)
    for tool in cache_directory.glob("*-tool-*"):
        (shared / tool.name).symlink_to(tool)
    CompiledCache(shared, 100 * MIB).put(compiler.name(wasm), pack(b"no code", Taken(wasm)))
    engine = WasmEngine(env, PATIENT, tmp_path, epochs=False, shared_directory=shared)
    assert (await engine.load(wasm)).manifest.operations
    engine.close()
    assert not list(shared.glob("*-guest-*"))


async def test_a_place_for_tools_that_fails_is_done_without(env: RealEnv, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = CompiledCache(tmp_path / "file", 100 * MIB, trouble=do_without)
    assert [kept.get_or_make(NAME, lambda: b"made") for _ in range(2)] == [b"made"] * 2
    with pytest.raises(HostFault):
        CompiledCache(tmp_path / "file", 100 * MIB).get_or_make(NAME, lambda: b"made")

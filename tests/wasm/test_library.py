"""The C library: what is checked before any of it is used."""

from __future__ import annotations

import pytest
from wasmtime import _ffi

from kelpie.errors import HostFault
from kelpie.wasm import library
from kelpie.wasm.handles import NativeConfig, NativeHandle
from kelpie.wasm.library import ADDRESS, hold


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(ImportError, match=r"no wasmtime_nonsense: kelpie needs wasmtime >=50"):
        hold("wasmtime_nonsense", None)


@pytest.mark.parametrize("version", ["49.0.0", "50.0.0", "51.0.0", "nonsense"])
def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(library, "WASMTIME_VERSION", version)
    with pytest.raises(ImportError, match=f"found {version}"):
        library._check_version()


def test_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ffi, "wasmtime_component_val", _ffi.wasmtime_component_valrecord_entry)
    with pytest.raises((ImportError, AttributeError)):
        library._check_structures()


def test_another_numbering_of_kinds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ffi, "WASMTIME_COMPONENT_STRING", _ffi.WASMTIME_COMPONENT_LIST)
    with pytest.raises(ImportError, match="STRING"):
        library._check_kinds()


class CountedHandle(NativeHandle):
    """Counts its deletions instead of deleting."""

    __slots__ = ()
    noun = "thing"
    deleted: list[int] = []  # noqa: RUF012 - emptied by each test
    _delete = staticmethod(deleted.append)  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def _no_deletions_yet() -> None:
    CountedHandle.deleted.clear()


def test_a_handle_is_deleted_once() -> None:
    handle = CountedHandle(7)
    assert handle.address == 7
    handle.close()
    handle.close()
    del handle
    assert CountedHandle.deleted == [7]


def test_a_closed_handle_says_so() -> None:
    handle = CountedHandle(7)
    handle.close()
    assert handle.closed
    with pytest.raises(HostFault, match="this thing is already closed"):
        _ = handle.address


def test_a_handle_that_is_dropped_is_deleted() -> None:
    CountedHandle(8)
    assert CountedHandle.deleted == [8]


def test_a_handle_that_is_given_away_is_not_deleted() -> None:
    handle = CountedHandle(9)
    assert handle.give_away() == 9
    del handle
    assert CountedHandle.deleted == []


def test_nothing_made_is_an_error() -> None:
    with pytest.raises(HostFault, match="no engine configuration"):
        NativeConfig(None)


def test_prototypes_of_one_function_share_nothing() -> None:
    first = hold("wasm_config_new", ADDRESS)
    second = hold("wasm_config_new", None)
    assert first.restype is not second.restype  # type: ignore[attr-defined]

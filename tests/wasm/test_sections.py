"""Custom sections of a WebAssembly file."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.errors import ComponentInvalid
from kelpie.wasm.sections import custom_section, with_custom_section
from tests.api.support import COUNTER

EMPTY_MODULE = b"\0asm\x01\0\0\0"


@given(st.binary(max_size=40_000), st.text(min_size=1, max_size=200))
def test_what_was_added_is_found(content: bytes, name: str) -> None:
    file = with_custom_section(
        with_custom_section(EMPTY_MODULE, "other" + name, b"no"), name, content
    )
    assert custom_section(file, name) == content
    assert custom_section(file, name + "?") is None


def test_a_component_may_carry_a_section() -> None:
    counter = COUNTER.read_bytes()
    file = with_custom_section(counter, "kelpie:script", b"{}")
    assert custom_section(counter, "kelpie:script") is None
    assert custom_section(file, "kelpie:script") == b"{}"
    with pytest.raises(ComponentInvalid, match="already"):
        with_custom_section(file, "kelpie:script", b"{}")


@given(st.binary(max_size=100))
def test_damage_is_told(rest: bytes) -> None:
    """And nothing else is raised, whatever comes."""
    with suppress(ComponentInvalid):
        custom_section(EMPTY_MODULE + rest, "a")


@pytest.mark.parametrize("rest", [b"\0", b"\0\xff\xff\xff\xff\xff\xff", b"\0\x05a", b"\x01\x80"])
def test_a_file_that_is_cut_off(rest: bytes) -> None:
    with pytest.raises(ComponentInvalid):
        custom_section(EMPTY_MODULE + rest, "a")


def test_what_is_no_webassembly_has_none() -> None:
    assert custom_section(b"something else that is longer", "a") is None

"""Paths taken apart: whatever a name holds comes back, and nothing else passes."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelpie.api.paths import Target, decode_segment, split_target
from kelpie.errors import InvalidRequest


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encoded_comes_back(name: str) -> None:
    assert decode_segment(quote(name, safe="")) == name
    everything = "".join(f"%{byte:02x}" for byte in name.encode())
    assert decode_segment(everything) == name


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?%")))
def test_what_is_not_encoded_is_itself(name: str) -> None:
    assert decode_segment(name) == name


@given(st.binary())
def test_bytes_are_utf8_or_refused(raw: bytes) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in raw)
    # As the parser hands it on.
    plain = raw.decode("utf-8", "surrogateescape").replace("%", "%25")
    for segment in (escaped, plain):
        try:
            decoded = decode_segment(segment)
        except InvalidRequest:
            with pytest.raises(UnicodeDecodeError):
                raw.decode()
        else:
            assert decoded.encode() == raw


@given(st.text())
def test_nothing_else_is_raised(raw: str) -> None:
    for take_apart in (split_target, decode_segment):
        try:
            take_apart(raw)
        except InvalidRequest:
            pass
        except UnicodeEncodeError:
            # A surrogate that stands for no byte: no parser makes one.
            assert any("\ud800" <= character <= "\udfff" for character in raw)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_segments_are_kept_apart(names: list[str]) -> None:
    path = "".join("/" + quote(name, safe="") for name in names)
    segments, namespace, parameters, names_namespace = split_target(path)
    assert [decode_segment(segment) for segment in segments] == names
    assert (namespace, parameters, names_namespace) == ("default", {}, False)


def test_whole_urls() -> None:
    whole = split_target("http://host:7070/v1/kinds?namespace=a")
    assert whole == Target(["v1", "kinds"], "a", {}, names_namespace=True)
    assert split_target("HTTP://host") == Target([""], "default", {})


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "*",
        "kinds",
        "host:7070",
        "/a?b=%ff",
        "/a?b=%",
        "/a?é",
        "/a?namespace=x&namespace=y",
        "/a?b=1&b=1",
    ],
)
def test_refused(raw: str) -> None:
    if raw == "":
        assert split_target(raw).segments == [""]
        return
    with pytest.raises(InvalidRequest):
        split_target(raw)


def test_parameters() -> None:
    target = split_target("/a?namespace=x&check=true&limit=17")
    assert (target.namespace, target.parameters) == ("x", {"check": "true", "limit": "17"})
    assert (target.flag("check"), target.flag("strict")) == (True, False)
    assert (target.number("limit", 17), target.number("before", 17)) == (17, None)
    target.check_parameters(("check", "limit"))
    with pytest.raises(InvalidRequest, match="'limit' here: only 'namespace' and 'check'"):
        target.check_parameters(("check",))


def test_parameters_are_decoded() -> None:
    target = split_target("/a?namespace=x&prefix=a%2Fb+c&after")
    assert target == Target(["a"], "x", {"prefix": "a/b c", "after": ""}, names_namespace=True)


@pytest.mark.parametrize("given", ["", "0", "18", "-1", "+1", "1_0", "x", "\u0663", "9" * 5000])
def test_numbers_that_are_none(given: str) -> None:
    target = Target(["a"], "x", {"limit": given})
    with pytest.raises(InvalidRequest, match="from 1 to 17"):
        target.number("limit", 17)


@pytest.mark.parametrize("given", ["", "1", "TRUE", "yes"])
def test_flags_that_are_none(given: str) -> None:
    with pytest.raises(InvalidRequest, match="true or false"):
        Target(["a"], "x", {"check": given}).flag("check")

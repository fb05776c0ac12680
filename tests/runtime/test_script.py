"""The script that a component carries."""

from __future__ import annotations

import pytest

from kelpie.errors import ComponentRefused
from kelpie.ids import text
from kelpie.limits import Limits
from kelpie.runtime.kinds.script import SECTION, Step, parse_script, script_of
from kelpie.wasm.sections import with_custom_section
from tests.api.support import COUNTER

LIMITS = Limits(script_bytes_max=200, script_operations_max=3)


def test_operations_are_read_in_order() -> None:
    lines = b'{"operation": "a"}\n\n{"argument": {"x": "\xc3\xa9"}, "operation": "b"}\n'
    assert parse_script(lines, LIMITS) == (
        Step("a", text("")),
        Step("b", text('{"x": "\u00e9"}')),
    )


def test_a_component_need_not_have_one() -> None:
    counter = COUNTER.read_bytes()
    assert script_of(counter, LIMITS) == ()
    carrying = with_custom_section(counter, SECTION, b'{"operation": "get"}')
    assert script_of(carrying, LIMITS) == (Step("get", text("")),)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (b"get", "line 1 is no JSON"),
        (b'{"operation": "a"}\n["a"]', "line 2"),
        (b'{"operation": 1}', "names no operation"),
        (b'{"argument": 1}', "names no operation"),
        (b'{"operation": "a", "arguments": 1}', "line 1 is not"),
        (b'{"operation": "\xff"}', "line 1 is no JSON"),
        (b'{"operation": "a"}\n' * 4, "script_operations_max"),
        (b" " * 201, "script_bytes_max"),
    ],
)
def test_what_is_no_script_is_refused(lines: bytes, why: str) -> None:
    with pytest.raises(ComponentRefused, match=why) as caught:
        parse_script(lines, LIMITS)
    assert caught.value.details["reasons"]

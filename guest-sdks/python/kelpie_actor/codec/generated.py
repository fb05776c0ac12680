"""Functions written for one record or one operation, for the usual case of each.

A call of a Python function costs as much as a dozen of its steps, so a loop over
fields that calls a codec for each takes several times what one function with all of it
written out does. Whatever is not the usual case is left to the general function, which
also finds the words for what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kelpie_actor.codec.codec import Codec, Mismatch
from kelpie_actor.json_text import as_text

__all__ = ["argument_reader", "callers", "record_writer"]

# Such as the SDK's own: what it is not to blame for is told without it.
_FILE = "kelpie_actor/generated"
_IN_RANGE = "-9223372036854775808 <= {0} <= 9223372036854775807"
# By a codec's name for what it does, what must hold, and how the value is written.
_INLINE = {
    "int": ("type({0}) is int", "{{{0}}}"),
    "str": ("type({0}) is str", "{{as_text({0})}}"),
    "bool": ("({0} is True or {0} is False)", "{{truth[{0}]}}"),
}
# An integer of no more characters is in range, whatever they are.
_SAFE_INTEGER_CHARACTERS = 18


def record_writer(
    kind: type,
    names: Sequence[str],
    attributes: Sequence[str],
    codecs: Sequence[Codec],
    general: Callable[[Any], str],
    around: tuple[str, str] = ("", ""),
) -> Callable[[Any], str]:
    """Writes a record of exactly this class (or a dict with exactly these keys), and
    around it what is always there."""
    is_dict = kind is dict
    known: dict[str, Any] = {"kind": kind, "general": general, "as_text": as_text}
    # By a name: before Python 3.12 there may be no quoted text within an f-string.
    known["truth"] = {True: "true", False: "false"}
    known["before"], known["after"] = around
    conditions, ranges, written, reads = [], [], [], []
    fields = zip(names, attributes, codecs, strict=True)
    for index, (name, attribute, codec) in enumerate(fields):
        value = f"v{index}"
        place = f"[{attribute!r}]" if is_dict else f".{attribute}"
        reads.append(f"{value} = value{place}")
        condition, expression = _writing(codec, index, value, known)
        if condition:
            conditions.append(condition)
        if codec.inline == "int":
            ranges.append(_IN_RANGE.format(value))
        written.append(f"{_literal(as_text(name))}:{expression}")
    text = f"{_literal(around[0])}{{{{{','.join(written)}}}}}{_literal(around[1])}"
    same = f"type(value) is kind{f' and len(value) == {len(names)}' if is_dict else ''}"
    constant = len("".join(around)) + sum(len(as_text(name)) for name in names)
    # It costs less to look at the length of all than at the size of one.
    in_range = f"len(text) <= {constant + _SAFE_INTEGER_CHARACTERS} or {' and '.join(ranges)}"
    return _made(
        f"""
def write(value):
    if {same}:
        try:
            {"; ".join(reads) or "pass"}
            if {" and ".join(conditions) or "True"}:
                text = f{text!r}
                if {in_range if ranges else "True"}:
                    return text
        except (Mismatch, LookupError, AttributeError, ValueError):
            pass
    return before + general(value) + after
""",
        known,
    )["write"]


def _literal(text: str) -> str:
    """As it stands in an f-string."""
    return text.replace("{", "{{").replace("}", "}}")


def callers(
    method: Callable[..., Any],
    parameters: int,
    context_at: int | None,
    defaults: Sequence[Any] | None,
    read: Callable[[Any], list[Any]],
) -> tuple[Callable[[Any, Any, Any], Any], Callable[[Any, Any, list[Any]], Any]]:
    """Two functions that call a method with its parameters and the context in their
    places: one takes the actor, the context and the argument, which `read` reads if there
    is one or if there are no `defaults`; the other the values of the parameters instead."""
    known: dict[str, Any] = {"method": method, "read": read}
    values = [f"v{index}" for index in range(parameters)]
    known |= {f"d{index}": value for index, value in enumerate(defaults or ())}
    given = values.copy()
    if context_at is not None:
        given.insert(context_at, "context")
    call = f"method({', '.join(['actor', *given])})"
    taken = f"[{', '.join(values)}] = " if values else ""
    omitted = "; ".join(f"{each} = d{each[1:]}" for each in values) or "pass"
    made = _made(
        f"""
def invoke(actor, context, argument):
    if {"True" if defaults is None else "argument"}:
        {taken}read(argument)
    else:
        {omitted}
    return {call}
def apply(actor, context, values):
    {taken}values
    return {call}
""",
        known,
    )
    return made["invoke"], made["apply"]


def argument_reader(
    names: Sequence[str], codecs: Sequence[Codec], general: Callable[[Any], list[Any]]
) -> Callable[[Any], list[Any]]:
    """Reads arguments of which every one is there."""
    known: dict[str, Any] = {"general": general}
    reads, conditions, values = [], [], []
    for index, (name, codec) in enumerate(zip(names, codecs, strict=True)):
        value = f"v{index}"
        reads.append(f"{value} = found[{name!r}]")
        if codec.inline in _INLINE:
            conditions.append(_INLINE[codec.inline][0].format(value))
            if codec.inline == "int":
                conditions.append(_IN_RANGE.format(value))
            values.append(value)
        else:
            known[f"c{index}"] = codec
            values.append(f"c{index}.decode({value})")
    return _made(
        f"""
def read(found):
    if type(found) is dict and len(found) == {len(names)}:
        try:
            {"; ".join(reads) or "pass"}
            if {" and ".join(conditions) or "True"}:
                return [{", ".join(values)}]
        except (Mismatch, KeyError):
            pass
    return general(found)
""",
        known,
    )["read"]


def _writing(codec: Codec, index: int, value: str, known: dict[str, Any]) -> tuple[str, str]:
    if codec.inline in _INLINE:
        condition, expression = _INLINE[codec.inline]
        return condition.format(value), expression.format(value)
    # Not its function: that of a record is set when the record is complete.
    known[f"c{index}"] = codec
    return "", f"{{c{index}.encode({value})}}"


def _made(source: str, known: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    known["Mismatch"] = Mismatch
    exec(compile(source, _FILE, "exec"), known)  # noqa: S102 - names are its only input
    return known

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

__all__ = ["argument_reader", "record_writer"]

# By a codec's name for what it does, what must hold, and how the value is written.
_INLINE = {
    "int": ("type({0}) is int and -9223372036854775808 <= {0} <= 9223372036854775807", "{{{0}}}"),
    "str": ("type({0}) is str", "{{as_text({0})}}"),
    "bool": ("({0} is True or {0} is False)", "{{truth[{0}]}}"),
}


def record_writer(
    kind: type,
    names: Sequence[str],
    attributes: Sequence[str],
    codecs: Sequence[Codec],
    general: Callable[[Any], str],
) -> Callable[[Any], str]:
    """Writes a record of exactly this class (or a dict with exactly these keys)."""
    is_dict = kind is dict
    known: dict[str, Any] = {"kind": kind, "general": general, "as_text": as_text}
    # By a name: before Python 3.12 there may be no quoted text within an f-string.
    known["truth"] = {True: "true", False: "false"}
    conditions, written, reads = [], [], []
    fields = zip(names, attributes, codecs, strict=True)
    for index, (name, attribute, codec) in enumerate(fields):
        value = f"v{index}"
        place = f"[{attribute!r}]" if is_dict else f".{attribute}"
        reads.append(f"{value} = value{place}")
        condition, expression = _writing(codec, index, value, known)
        if condition:
            conditions.append(condition)
        key = as_text(name).replace("{", "{{").replace("}", "}}")
        written.append(f"{key}:{expression}")
    text = "{{" + ",".join(written) + "}}"
    same = f"type(value) is kind{f' and len(value) == {len(names)}' if is_dict else ''}"
    return _made(
        "write",
        f"""
def write(value):
    if {same}:
        try:
            {"; ".join(reads) or "pass"}
            if {" and ".join(conditions) or "True"}:
                return f{text!r}
        except (Mismatch, LookupError, AttributeError):
            pass
    return general(value)
""",
        known,
    )


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
            values.append(value)
        else:
            known[f"c{index}"] = codec
            values.append(f"c{index}.decode({value})")
    return _made(
        "read",
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
    )


def _writing(codec: Codec, index: int, value: str, known: dict[str, Any]) -> tuple[str, str]:
    if codec.inline in _INLINE:
        condition, expression = _INLINE[codec.inline]
        return condition.format(value), expression.format(value)
    # Not its function: that of a record is set when the record is complete.
    known[f"c{index}"] = codec
    return "", f"{{c{index}.encode({value})}}"


def _made(name: str, source: str, known: dict[str, Any]) -> Callable[[Any], Any]:
    known["Mismatch"] = Mismatch
    exec(compile(source, "<kelpie_actor>", "exec"), known)  # noqa: S102 - names are its only input
    made: Callable[[Any], Any] = known[name]
    return made

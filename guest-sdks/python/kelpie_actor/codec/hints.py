"""From a type hint to its codec."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from typing import Any

from kelpie_actor.codec.codec import Codec
from kelpie_actor.codec.containers import (
    list_codec,
    map_codec,
    set_codec,
    tuple_codec,
    union_codec,
)
from kelpie_actor.codec.records import MISSING, Field, record_codec, wire_name
from kelpie_actor.codec.scalars import ANY, SCALARS, Range, choice_codec, enum_codec, range_codec
from kelpie_actor.errors import DeclarationError

__all__ = ["codec_of", "doc_of_class", "doc_of_hint", "hints_of", "shown_default"]

_known: dict[Any, Codec] = {}

_CONTAINERS = (list, dict, tuple, set, frozenset)
_HELP = (
    "use int, float, str, bool, bytes, list, dict[str, T], tuple, set, Optional, a union, "
    "Literal, an Enum, datetime, date, UUID, Any, a dataclass or a TypedDict"
)


def codec_of(hint: Any) -> Codec:
    """The codec of a type hint.

    Raises:
        DeclarationError: values of such a type cannot be JSON.
    """
    try:
        known = _known.get(hint)
    except TypeError:  # not hashable, as Annotated may be
        return _make(hint)
    if known is None:
        known = _make(hint)
        _known[hint] = known
    return known


def hints_of(where: Any) -> dict[str, Any]:
    """The type hints of a class or function, with what `Annotated` adds.

    Raises:
        DeclarationError: one names what is not there.
    """
    try:
        return typing.get_type_hints(where, include_extras=True)
    except NameError as error:
        raise DeclarationError(f"a type hint of {where.__qualname__}: {error}") from error


def doc_of_hint(hint: Any) -> str:
    """The words of `Annotated[int, "how much"]`."""
    if typing.get_origin(hint) is typing.Annotated:
        for each in hint.__metadata__:
            if isinstance(each, str):
                return each
    return ""


def doc_of_class(kind: type) -> str:
    """Its own docstring; not the one that a dataclass makes up."""
    doc = kind.__dict__.get("__doc__")
    if not doc or doc.startswith(f"{kind.__name__}("):
        return ""
    return inspect.cleandoc(doc)


def shown_default(codec: Codec, value: Any) -> Any:
    """A default as a schema shows it, or `MISSING` if it cannot be shown."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, enum.Enum):
        return shown_default(codec, value.value)
    return MISSING


def _make(hint: Any) -> Codec:
    if isinstance(hint, type):
        found = _of_class(hint)
        if found is not None:
            return found
    elif hint is None or hint is Any:
        return SCALARS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        ranges = [each for each in hint.__metadata__ if isinstance(each, Range)]
        return range_codec(ranges[0]) if ranges else codec_of(arguments[0])
    if origin is typing.Literal:
        return choice_codec(arguments)
    if origin in (typing.Union, types.UnionType):
        return union_codec([codec_of(each) for each in _null_last(arguments)])
    if origin in _CONTAINERS:
        return _container(hint, origin, arguments)
    if isinstance(hint, typing.NewType):
        return codec_of(hint.__supertype__)
    if value := getattr(hint, "__value__", None):  # type X = ...
        return codec_of(value)
    raise DeclarationError(f"{hint!r} cannot be JSON: {_HELP}")


def _container(hint: Any, origin: type, arguments: tuple[Any, ...]) -> Codec:
    if origin is list:
        return list_codec(codec_of(arguments[0]))
    if origin is dict:
        if arguments[0] is not str:
            raise DeclarationError(f"{hint}: the keys of an object in JSON are str")
        return map_codec(codec_of(arguments[1]))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return _tuple_of_any_length(codec_of(arguments[0]))
        return tuple_codec([codec_of(each) for each in arguments])
    return set_codec(codec_of(arguments[0]), origin)


def _null_last(alternatives: tuple[Any, ...]) -> list[Any]:
    """A boolean before an integer, null at the end: the order of trying."""
    return sorted(alternatives, key=lambda each: each is type(None))


def _tuple_of_any_length(item: Codec) -> Codec:
    inner = list_codec(item)
    return Codec(lambda value: tuple(inner.decode(value)), inner.encode, inner.schema)


def _of_class(kind: type) -> Codec | None:
    if kind in SCALARS:
        return SCALARS[kind]
    if kind is list:
        return list_codec(ANY)
    if kind is dict:
        return map_codec(ANY)
    if issubclass(kind, enum.Enum):
        return enum_codec(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if typing.is_typeddict(kind):
        return _typed_dict(kind)
    return None


def _dataclass(kind: type) -> Codec:
    # There before its fields are: one of them may be of the same type.
    codec = _forward(kind)
    hints = hints_of(kind)
    fields = []
    for each in dataclasses.fields(kind):
        if not each.init:
            continue
        hint = hints[each.name]
        default = each.default_factory
        shown: Any = MISSING
        inner = codec_of(hint)
        make = None if default is dataclasses.MISSING else default
        if each.default is not dataclasses.MISSING:
            make = _constant(each.default)
            shown = shown_default(inner, each.default)
        name = wire_name(each.name)
        fields.append(Field(name, each.name, inner, make, doc_of_hint(hint), shown))
    attributes = [field.attribute for field in fields]

    def read(value: Any) -> list[Any]:
        return [getattr(value, attribute) for attribute in attributes]

    codec.become(record_codec(kind.__name__, kind, fields, kind, read, doc_of_class(kind)))
    return codec


def _typed_dict(kind: Any) -> Codec:
    codec = _forward(kind)
    fields = []
    for attribute, hint in hints_of(kind).items():
        origin = typing.get_origin(hint)
        if origin in (typing.Required, typing.NotRequired):
            hint = typing.get_args(hint)[0]  # noqa: PLW2901 - what is meant by it
        absent = None if attribute in kind.__required_keys__ else _missing
        fields.append(Field(attribute, attribute, codec_of(hint), absent, doc_of_hint(hint)))

    def read(value: Any) -> list[Any]:
        return [value.get(field.attribute, MISSING) for field in fields]

    codec.become(record_codec(kind.__name__, dict, fields, dict, read, doc_of_class(kind)))
    return codec


def _forward(kind: Any) -> Codec:
    def early(_value: Any) -> Any:
        raise AssertionError("a codec is used only when it is complete")

    codec = Codec(early, early, {})
    _known[kind] = codec
    return codec


def _missing() -> Any:
    return MISSING


def _constant(value: Any) -> Any:
    return lambda: value

"""How an actor is declared: `@actor` on a class, `@operation` on its methods."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, overload

from kelpie_actor.codec.codec import Codec, Encode, Mismatch
from kelpie_actor.codec.hints import codec_of, doc_of_class, doc_of_hint, hints_of, shown_default
from kelpie_actor.codec.records import MISSING, Field, wire_name
from kelpie_actor.codec.scalars import ANY
from kelpie_actor.context import Context
from kelpie_actor.errors import DeclarationError
from kelpie_actor.operation import Operation
from kelpie_actor.state import envelope

__all__ = ["ActorType", "actor", "actor_type_of", "actors", "operation"]

_MARK = "__kelpie_operation__"
_TYPE = "__kelpie_actor__"
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Class = TypeVar("Class", bound=type)
Method = TypeVar("Method", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True, slots=True)
class ActorType:
    """What is known of an actor class."""

    kind: type
    doc: str
    operations: dict[str, Operation]
    state: Codec | None
    """None if it declares no state: then it may use `context.state`."""
    state_version: int
    encode: Encode
    """What is to be stored of one: the state in its envelope, or nothing."""


actors: list[ActorType] = []
"""Every actor declared so far, in this order: a component is built of one."""


@overload
def actor(kind: Class, /) -> Class: ...
@overload
def actor(*, state_version: int = 1) -> Callable[[Class], Class]: ...
def actor(kind: Any = None, /, *, state_version: int = 1) -> Any:
    """Makes a class an actor: its annotated fields are the state, and those of its
    methods that are marked with `@operation` its operations.

    A class that is no dataclass yet is made one. Each field needs a default: that is
    what an actor begins with. `field(init=False)` is for what is only remembered in
    memory. `state_version` belongs to what is stored: raise it when the fields change
    in a way that an older state does not fit, and write a class method
    `migrate(cls, version, old)` that makes the new state of the old one's JSON.

    Raises:
        DeclarationError: something in the class cannot be; the message says what.
    """

    def declare(kind: type) -> type:
        if not isinstance(kind, type):
            raise DeclarationError(f"@actor stands before a class, not before {kind!r}")
        if "__init__" in kind.__dict__ and not dataclasses.is_dataclass(kind):
            raise DeclarationError(
                f"{kind.__name__} has an __init__: what that sets is not kept. Declare the state "
                "as fields of the class instead (value: int = 0)"
            )
        doc = doc_of_class(kind)
        if not dataclasses.is_dataclass(kind):
            kind = dataclasses.dataclass(kind)
        found = _declare(kind, doc, state_version)
        setattr(kind, _TYPE, found)
        actors.append(found)
        return kind

    return declare if kind is None else declare(kind)


@overload
def operation(method: Method, /) -> Method: ...
@overload
def operation(*, read_only: bool = False, durable: bool = False) -> Callable[[Method], Method]: ...
def operation(method: Any = None, /, *, read_only: bool = False, durable: bool = False) -> Any:
    """Makes a method an operation, by its own name.

    Its parameters are the members of the argument, read by their type hints; one that
    is annotated with `Context`, or has no hint and is called `context`, is given the
    context. A single `bytes` takes the binary lane, and `-> bytes` replies in it.

    Args:
        read_only: it changes nothing; the host enforces it, and may run it cheaper.
        durable: it is resumed after a crash instead of undone.

    Raises:
        DeclarationError: it is to be both.
    """
    if read_only and durable:
        raise DeclarationError(
            "an operation is read_only or durable, not both: what changes nothing is simply "
            "asked again after a crash"
        )

    def mark(method: Method) -> Method:
        if isinstance(method, property):
            raise DeclarationError("an operation is an ordinary method, not a property")
        setattr(method, _MARK, (read_only, durable))
        return method

    return mark if method is None else mark(method)


def actor_type_of(kind: type) -> ActorType:
    """What `@actor` found.

    Raises:
        DeclarationError: the class is no actor.
    """
    found = kind.__dict__.get(_TYPE)
    if not isinstance(found, ActorType):
        raise DeclarationError(f"{kind.__name__} is no actor: put @actor before the class")
    return found


def _declare(kind: type, doc: str, state_version: int) -> ActorType:
    fields = [each for each in dataclasses.fields(kind) if each.init]
    for each in fields:
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise DeclarationError(
                f"{kind.__name__}.{each.name} has no default: an actor begins with nothing "
                f"stored, so give it one ({each.name}: ... = ...)"
            )
    if state_version < 1:
        raise DeclarationError("state_version counts from 1")
    if state_version > 1 and not callable(getattr(kind, "migrate", None)):
        raise DeclarationError(
            f"{kind.__name__} has state of version {state_version}, and no class method "
            "migrate(cls, version, old) for what was stored before"
        )
    operations = {}
    for name, method in _methods(kind):
        read_only, durable = getattr(method, _MARK)
        operations[name] = _operation(kind, name, method, read_only=read_only, durable=durable)
    if not operations:
        raise DeclarationError(f"{kind.__name__} has no operation: put @operation before a method")
    state = codec_of(kind) if fields else None
    encode = state.encode_within(*envelope(state_version)) if state else _nothing
    return ActorType(kind, doc, operations, state, state_version, encode)


def _nothing(_actor: object) -> str:
    return ""


def _methods(kind: type) -> list[tuple[str, Any]]:
    """The marked methods, those of base classes first, in the order of the source."""
    found: dict[str, Any] = {}
    for each in reversed(kind.__mro__):
        for name, member in each.__dict__.items():
            if hasattr(member, _MARK):
                if not inspect.isfunction(member):
                    raise DeclarationError(
                        f"{kind.__name__}.{name}: an operation is an ordinary method"
                    )
                found[name] = member
    return list(found.items())


def _operation(kind: type, name: str, method: Any, *, read_only: bool, durable: bool) -> Operation:
    where = f"{kind.__name__}.{name}"
    if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
        raise DeclarationError(f"{where}: an operation is an ordinary function, not async")
    if not _NAME.fullmatch(name):
        raise DeclarationError(f"{where}: an operation's name is of a-z, 0-9 and '_'")
    hints = hints_of(method)
    fields, context_at = [], None
    parameters = list(inspect.signature(method).parameters.values())[1:]
    for place, each in enumerate(parameters):
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD, each.KEYWORD_ONLY):
            raise DeclarationError(f"{where}: the parameter {each.name} must be an ordinary one")
        hint = hints.get(each.name)
        if hint is Context or (hint is None and each.name == "context"):
            if context_at is not None:
                raise DeclarationError(f"{where}: there is one context, and two parameters for it")
            context_at = place
            continue
        if each.name not in hints:
            raise DeclarationError(f"{where}: the parameter {each.name} has no type hint")
        fields.append(_parameter(where, each, hint))
    if not hints.keys() & {"return"}:
        result = ANY
    else:
        result = _codec(f"{where}, its result", hints["return"])
    return Operation(
        name=name,
        doc=inspect.cleandoc(method.__doc__ or ""),
        read_only=read_only,
        durable=durable,
        method=method,
        parameters=tuple(fields),
        context_at=context_at,
        result=result,
    )


def _parameter(where: str, parameter: inspect.Parameter, hint: Any) -> Field:
    codec = _codec(f"{where}, {parameter.name}", hint)
    default, shown = None, MISSING
    if parameter.default is not parameter.empty:
        value = parameter.default
        _check_default(f"{where}: the default of {parameter.name}", codec, value)
        default = lambda: value  # noqa: E731 - a name would tell nothing
        shown = shown_default(codec, value)
    return Field(
        wire_name(parameter.name), parameter.name, codec, default, doc_of_hint(hint), shown
    )


def _check_default(what: str, codec: Codec, value: Any) -> None:
    if type(value).__hash__ is None:
        raise DeclarationError(
            f"{what} can be changed, and would be for every turn after: use None or a tuple"
        )
    if codec.is_bytes:
        return
    try:
        codec.encode(value)
    except Mismatch as error:
        raise DeclarationError(f"{what} is not what its type hint says: {error}") from None


def _codec(where: str, hint: Any) -> Codec:
    try:
        return codec_of(hint)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from error

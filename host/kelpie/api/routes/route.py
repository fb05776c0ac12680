"""A route: what may be asked at a path, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kelpie.access.roles import Permission
from kelpie.errors import KelpieError

__all__ = ["Content", "Errors", "Parameter", "Route", "flag", "header", "number", "text"]

Content = Mapping[str, str | None]
"""What a body may be: media types, each with the name of its JSON Schema, if it has one."""
Errors = tuple[type[KelpieError], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query, or a header."""

    name: str
    place: Literal["query", "header"]
    form: Literal["text", "flag", "number"]
    doc: str
    limit: str | None = None
    """The limit by which a number, or the length of a text, is bounded."""


def text(name: str, doc: str) -> Parameter:
    return Parameter(name, "query", "text", doc)


def flag(name: str, doc: str) -> Parameter:
    """`true` or `false`; `false` where it is not given."""
    return Parameter(name, "query", "flag", doc)


def number(name: str, doc: str, limit: str | None = None) -> Parameter:
    """A number from 1 up."""
    return Parameter(name, "query", "number", doc, limit)


def header(name: str, form: Literal["text", "number"], doc: str, limit: str) -> Parameter:
    return Parameter(name, "header", form, doc, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. `ROUTES` has all of them."""

    name: str
    """Of the handler that answers it, and of the operation in the OpenAPI document."""
    method: str
    path: str
    """Segments in braces are parameters: whatever they are, they lead here."""
    doc: str
    permission: Permission | None
    """What its caller needs. None: it is open to anybody, with a token or without."""
    answers: Mapping[int, Content]
    """What is answered if nothing goes wrong, by status."""
    parameters: tuple[Parameter, ...] = ()
    body: Content | None = None
    """What a request may carry. None: what it carries is not looked at."""
    body_required: bool = False
    action: str | None = None
    """What the audit log calls it, if it changes anything. Turns are not in that
    log: they are what the host is for, and have records of their own."""
    errors: Errors = ()
    """What can go wrong here, beside what can go wrong everywhere."""
    namespaced: bool = False
    """Whether the path means another thing in another namespace."""
    conditional: bool = False
    """Whether the answer has an ETag, and `If-None-Match` is heeded."""

    @property
    def query(self) -> frozenset[str]:
        """The parameters that its query may have, beside `namespace`."""
        return frozenset(each.name for each in self.parameters if each.place == "query")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

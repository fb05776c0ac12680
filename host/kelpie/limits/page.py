"""The page of documentation that lists every limit: `docs/limits.md`."""

from __future__ import annotations

from dataclasses import fields

from kelpie.limits import Limits
from kelpie.limits.store import StoreLimits

__all__ = ["page"]

_PAGE_HEAD = """# Limits

Every limit of a host, its default, and what it bounds; after the semicolon, the \
[error](errors/README.md) beyond it, or what happens instead. This page is made by \
`python -m kelpie.limits.page`.

| limit | default | what it bounds |
|---|---|---|
"""


def page() -> str:
    """The limits as a page of documentation, in Markdown; those of the store last."""
    store = {each.name for each in fields(StoreLimits)}
    every = sorted(fields(Limits), key=lambda each: each.name in store)
    return _PAGE_HEAD + "".join(
        f"| `{each.name}` | {each.default:,} | {each.metadata['doc']} |\n" for each in every
    )


if __name__ == "__main__":
    print(page(), end="")

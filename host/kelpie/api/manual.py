"""The pages about errors, which the `type` of a problem leads to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["error_page", "error_pages"]

# The pages of `docs/errors/`, in Markdown: they are part of the package.
_PAGES = Path(__file__).with_name("error_pages")


@cache
def error_pages() -> dict[str, bytes]:
    """All of them, by file name."""
    return {page.name: page.read_bytes() for page in _PAGES.glob("*.md")}


def error_page(code: str) -> Path:
    """Where the page about the errors of a code lies on this machine."""
    return _PAGES / f"{code}.md"

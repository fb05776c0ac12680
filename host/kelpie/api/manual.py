"""The pages about errors, which the `type` of a problem leads to."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["error_pages"]


@cache
def error_pages() -> dict[str, bytes]:
    """The pages of `docs/errors/` in Markdown, by file name. They are part of the package."""
    directory = files("kelpie.api").joinpath("error_pages")
    return {
        page.name: page.read_bytes() for page in directory.iterdir() if page.name.endswith(".md")
    }

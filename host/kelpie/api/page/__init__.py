"""The page at `/`: what is deployed, to be looked at and tried in a browser.

It is one HTML file that needs nothing from elsewhere, put together here from
three. What it shows comes from strangers, so its Content-Security-Policy lets
nothing run but the script that is in it, and that one may not make HTML of text.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

from kelpie.api.paths import Target
from kelpie.api.responses import unless_known

__all__ = ["show_page"]

_TYPE = "text/html; charset=utf-8"


async def show_page(request: web.BaseRequest, _target: Target) -> web.Response:
    """Answers with the page."""
    html, policy = _page()
    response = unless_known(request, _TYPE, html)
    response.headers.update(
        {
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            # Asked for each time, and hardly ever sent: it belongs to this very version.
            "Cache-Control": "no-cache",
        }
    )
    return response


@cache
def _page() -> tuple[bytes, str]:
    """The whole page, and its Content-Security-Policy."""
    directory = files("kelpie.api.page")
    html, style, script = (
        directory.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "page.js")
    )
    policy = {
        "default-src": "'none'",
        "script-src": _hash_of(script),
        "style-src": _hash_of(style),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    whole = html.replace("/* style */", style).replace("/* script */", script)
    return whole.encode(), "; ".join(" ".join(each) for each in policy.items())


def _hash_of(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

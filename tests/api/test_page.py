"""The page at `/`, without a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.api.support import Answer, Host


async def page(host: Host) -> Answer:
    answer = await host.ask("GET", "/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


def policy(answer: Answer) -> dict[str, str]:
    given = answer.headers["content-security-policy"].split("; ")
    return dict(each.split(" ", 1) for each in given)


async def test_its_policy_lets_nothing_run_but_its_own(empty_host: Host) -> None:
    answer = await page(empty_host)
    found = policy(answer)
    text = answer.body.decode()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = b64encode(sha256(inline.encode()).digest()).decode()
        assert found[directive] == f"'sha256-{digest}'"
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["connect-src"] == "'self'"
    assert found["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_it_needs_nothing_from_elsewhere(empty_host: Host) -> None:
    text = (await page(empty_host)).body.decode()
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#|/v1/|/metrics)""", text)
    assert not re.findall(r"@import|url\(", text)
    assert re.findall(r"https?://[^\s'\"]+", text) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize(
    "sink",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
     "localStorage", "sessionStorage", "document.cookie", "srcdoc", "DOMParser"],
)  # fmt: skip
async def test_it_makes_no_html_of_text_and_keeps_no_token(empty_host: Host, sink: str) -> None:
    assert sink not in (await page(empty_host)).body.decode()


async def test_it_is_sent_once(empty_host: Host) -> None:
    tag = (await page(empty_host)).headers["etag"]
    again = await empty_host.ask("HEAD", "/", If_None_Match=tag)
    assert again.status == 304
    assert (await empty_host.ask("GET", "/?x=1")).code == "invalid-request"

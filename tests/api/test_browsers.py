"""What pages in browsers may ask for, and what they may not."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from kelpie.api.browsers import Browsers
from kelpie.errors import HostNotAllowed, OriginNotAllowed
from tests.api.support import Answer, Host, request

INCREMENT = "/v1/actors/counter/bob/increment"


def local(*allowed: str) -> Browsers:
    browsers = Browsers(allowed)
    browsers.listen("127.0.0.1", 7070)
    return browsers


async def ask(host: Host, method: str, target: str, *lines: str) -> Answer:
    """A request with just these headers."""
    async with host.wire() as wire:
        await wire.send("\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode())
        return await wire.answer(method)


@pytest.mark.parametrize(
    "name",
    ["127.0.0.1", "127.0.0.2:80", "localhost", "LocalHost:7070", "[::1]:1", "[::1%lo]",
     "a.localhost", "localhost.", "192.168.1.2", "10.0.0.1:7070", "Proxy.Example:443"],
)  # fmt: skip
def test_names_of_this_machine(name: str) -> None:
    local("proxy.example").check("GET", CIMultiDict({"Host": name}))


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:7070", "localhost.evil.example", "127.0.0.1.evil.example",
     "notlocalhost", "", "[", "[evil.example]", "1.2.3", "127.0.0.1@evil.example",
     "[::1].evil.example", "[::1]7070"],
)  # fmt: skip
def test_names_of_others(name: str) -> None:
    with pytest.raises(HostNotAllowed):
        local("proxy.example").check("GET", CIMultiDict({"Host": name}))
    with pytest.raises(HostNotAllowed):
        local().check("GET", CIMultiDict([("Host", "localhost"), ("Host", name)]))


def test_others_reach_a_host_by_names_of_theirs() -> None:
    browsers = Browsers()
    browsers.listen("0.0.0.0", 7070)
    browsers.check("GET", CIMultiDict({"Host": "kelpie.example"}))
    with pytest.raises(OriginNotAllowed):
        browsers.check("PUT", CIMultiDict({"Host": "a.example", "Origin": "https://b.example"}))


def test_who_sends_no_host_is_no_browser() -> None:
    local().check("POST", CIMultiDict())


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://localhost", "http://localhost:7071",
     "http://127.0.0.1:7070", "http://localhost:7070.evil.example", "localhost:7070"],
)  # fmt: skip
def test_pages_of_others(origin: str) -> None:
    headers = CIMultiDict({"Host": "localhost:7070", "Origin": origin})
    for method in ("POST", "PUT", "DELETE", "PATCH", "BREW"):
        with pytest.raises(OriginNotAllowed):
            local().check(method, headers)
    for method in ("GET", "HEAD", "OPTIONS"):
        local().check(method, headers)


def test_an_own_page() -> None:
    for origin in ("http://localhost:7070", "https://LOCALHOST:7070"):
        local().check("POST", CIMultiDict({"Host": "LocalHost:7070", "Origin": origin}))


@pytest.mark.parametrize("scheme", ["ftp", "chrome-extension", "file", "HTTPX"])
def test_pages_that_no_web_server_has(scheme: str) -> None:
    headers = CIMultiDict({"Host": "localhost:7070", "Origin": f"{scheme}://localhost:7070"})
    with pytest.raises(OriginNotAllowed):
        local().check("POST", headers)


def test_a_page_in_the_clear_of_a_host_with_tls_is_of_others() -> None:
    browsers = Browsers()
    browsers.listen("127.0.0.1", 7070, tls=True)
    host = "localhost:7070"
    browsers.check("POST", CIMultiDict({"Host": host, "Origin": f"https://{host}"}))
    with pytest.raises(OriginNotAllowed):
        browsers.check("POST", CIMultiDict({"Host": host, "Origin": f"http://{host}"}))


@pytest.mark.parametrize(
    ("target", "names", "allowed"),
    [
        ("http://localhost/livez", "localhost", True),
        ("HTTP://LocalHost/livez", "localhost", True),
        ("http://evil.example/livez", "localhost", False),
        ("http://evil.example/livez", "evil.example", False),
        ("http://127.0.0.1/livez", "localhost", False),
    ],
)
async def test_a_target_with_a_host_in_it(
    host: Host, target: str, names: str, allowed: bool
) -> None:
    answer = await ask(host, "GET", target, f"Host: {names}")
    if allowed:
        assert answer.status == 200
    else:
        assert answer.code == "host-not-allowed"


def test_an_origin_without_a_host_is_of_nowhere() -> None:
    with pytest.raises(OriginNotAllowed):
        local().check("POST", CIMultiDict({"Origin": "http://localhost:7070"}))
    with pytest.raises((OriginNotAllowed, HostNotAllowed)):
        local().check("POST", CIMultiDict({"Origin": "null", "Host": ""}))


async def test_a_page_of_another_origin_changes_nothing(host: Host, lane: str) -> None:
    own = f"localhost:{host.port}"
    foreign = ("Host: " + own, "Origin: http://evil.example")
    for method, target in (
        ("POST", INCREMENT + lane),
        ("DELETE", "/v1/kinds/counter?force=true"),
        ("POST", "/v1/kinds/counter/current"),
        ("PUT", "/v1/log-levels/kelpie"),
        ("POST", "/nowhere"),
    ):
        answer = await ask(host, method, target, *foreign)
        assert (answer.status, answer.code) == (403, "origin-not-allowed")
        assert not any(name.startswith("access-control-") for name in answer.headers)
    assert await host.turns("counter", "bob") == 0
    answer = await ask(host, "POST", INCREMENT + lane, f"Host: {own}", f"Origin: http://{own}")
    assert answer.json == {"value": 1}


async def test_nor_does_one_that_has_its_name_lead_here(host: Host, lane: str) -> None:
    own = f"evil.example:{host.port}"
    for method, target in (("GET", "/v1/kinds"), ("POST", INCREMENT + lane), ("OPTIONS", "*")):
        answer = await ask(host, method, target, f"Host: {own}", f"Origin: http://{own}")
        assert (answer.status, answer.code) == (421, "host-not-allowed")
        answer = await ask(host, method, target, f"Host: {own}")
        assert (answer.status, answer.code) == (421, "host-not-allowed")
    assert await host.turns("counter", "bob") == 0


async def test_a_preflight_allows_nothing(host: Host) -> None:
    async with host.wire() as wire:
        asked = {"Origin": "http://evil.example", "Access_Control_Request_Method": "PUT"}
        await wire.send(request("OPTIONS", "/v1/kinds/counter", **asked))
        answer = await wire.answer("HEAD")
    assert not any(name.startswith("access-control-") for name in answer.headers)


async def test_usual_requests_stay_on_the_hot_path(host: Host) -> None:
    for name in ("localhost", "127.0.0.1", f"localhost:{host.port}", f"127.0.0.1:{host.port}"):
        async with host.wire() as wire:
            await wire.send(f"POST {INCREMENT} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            assert (await wire.answer()).status == 200
            assert len(host.server._hot) == 1

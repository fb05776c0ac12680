"""What is logged: levels that are changed while the host runs, and each request's entry."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from kelpie.api.log_levels import LEVELS, LOGGERS
from tests.api.support import Host, request

JSON = "application/json"


@pytest.fixture(autouse=True)
def levels_as_before() -> Iterator[None]:
    """Loggers are the process's own, and outlive the host of a test."""
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def entries(caplog: pytest.LogCaptureFixture, logger: str) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.name == logger]


async def set_level(host: Host, logger: str, level: str) -> None:
    answer = await host.ask("PUT", f"/v1/log-levels/{logger}", level.encode())
    assert answer.status == 200
    assert answer.json["levels"][logger] == level


@pytest.mark.parametrize("level", LEVELS)
async def test_a_level_is_set_and_shown(empty_host: Host, level: str) -> None:
    for logger in LOGGERS:
        await set_level(empty_host, logger, level)
    shown = (await empty_host.ask("GET", "/v1/log-levels")).json
    assert shown == {"levels": dict.fromkeys(LOGGERS, level)}


@pytest.mark.parametrize(
    ("target", "body", "status", "code", "told"),
    [
        ("/v1/log-levels/kelpie", b"loud", 400, "invalid-request", "debug, info"),
        ("/v1/log-levels/kelpie", b"", 400, "invalid-request", "debug, info"),
        ("/v1/log-levels/kelpie", b"\xff\x00", 400, "invalid-request", "debug, info"),
        ("/v1/log-levels/kelpie", b"x" * 100, 413, "payload-too-large", "64"),
        ("/v1/log-levels/root", b"info", 404, "not-found", "kelpie.actor"),
        ("/v1/log-levels/a%0Ab", b"info", 404, "not-found", "kelpie.actor"),
    ],
)
async def test_what_is_no_level(
    empty_host: Host, target: str, body: bytes, status: int, code: str, told: str
) -> None:
    before = (await empty_host.ask("GET", "/v1/log-levels")).json
    answer = await empty_host.ask("PUT", target, body)
    assert (answer.status, answer.code) == (status, code)
    assert told in answer.json["detail"]
    assert (await empty_host.ask("GET", "/v1/log-levels")).json == before


async def test_an_actors_words_are_heard_once_they_are_wanted(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    heard = []
    for level in ("warning", "info"):
        await set_level(host, "kelpie.actor", level)
        caplog.clear()
        answer = await host.ask(
            "POST", "/v1/actors/rogue/bob/log", b'{"message":"hello"}', Content_Type=JSON
        )
        heard.append([each.__dict__ for each in entries(caplog, "kelpie.actor")])
    request_id = answer.headers["kelpie-request-id"]
    assert heard[0] == []
    (entry,) = heard[1]
    assert entry["lines"] == ["hello"]
    assert entry["about"] == {
        "actor": "default/rogue/bob",
        "turn": 1,
        "request_id": request_id,
        "trace_id": request_id,
    }


async def test_each_request_has_an_entry(
    host: Host, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    await set_level(host, "kelpie.request", "info")
    caplog.clear()
    target = f"/v1/actors/counter/bob/increment{lane}"
    answer = await host.ask("POST", target, Idempotency_Key="order-1")
    assert answer.status == 200
    assert (await host.ask("POST", f"/v1/actors/counter/bob/nothing{lane}")).status == 422
    assert (await host.ask("POST", f"/v1/actors/nobody/bob/nothing{lane}")).status == 404
    about = [each.__dict__["about"] for each in entries(caplog, "kelpie.request")]
    assert [(each["status"], each.get("code")) for each in about] == [
        (200, None),
        (422, "rejected"),
        (404, "kind-not-found"),
    ]
    assert about[0]["ms"] > 0
    del about[0]["ms"]
    assert about[0] == {
        "method": "POST",
        "path": target,
        "status": 200,
        "request_id": "order-1",
        "principal": "anonymous",
    }


async def test_requests_that_are_no_http_have_one_too(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    await set_level(host, "kelpie.request", "info")
    async with host.wire() as wire:
        await wire.send(b"this is no HTTP\r\n\r\n")
        assert (await wire.answer()).status == 400
    _, entry = entries(caplog, "kelpie.request")  # behind that of the level
    assert entry.__dict__["about"]["code"] == "invalid-request"


async def test_only_failures_at_the_level_of_warnings(
    host: Host, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    await set_level(host, "kelpie.request", "warning")
    await host.ask("POST", f"/v1/actors/counter/bob/increment{lane}")
    await host.ask("POST", f"/v1/actors/counter/bob/nothing{lane}")
    await host.ask(
        "POST", f"/v1/actors/rogue/bob/trap{lane}", b'{"how":"panic"}', Content_Type=JSON
    )
    (entry,) = entries(caplog, "kelpie.request")
    assert entry.__dict__["about"]["code"] == "guest-trapped"
    assert entry.levelno == logging.WARNING


async def test_a_client_that_went_away_is_told_of(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    await set_level(host, "kelpie.request", "info")
    async with host.wire() as wire:
        await wire.send(request("POST", "/v1/actors/rogue/bob/whoami"))
    # Whether it left before the answer or after, its request has one entry.
    paths: list[object] = []
    while "/v1/actors/rogue/bob/whoami" not in paths or host.runtime.outstanding:
        await host.ask("GET", "/livez")
        paths = [each.__dict__["about"]["path"] for each in entries(caplog, "kelpie.request")]
    assert paths.count("/v1/actors/rogue/bob/whoami") == 1

"""Keys and bodies at the edges of what is allowed, kept through a kill."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import Answer, Remote
from tests.cli.host import Served, serving

KEYS = [
    *("a", "a\0", "a\0b", "a\xff", "a/", "a/b", "/", "//"),
    *("\0", "\0\xff", "\x01", "\x7f", "\N{DELETE}\n", " ", ".", "..", "%", "%2F", "?", "#"),
    *(
        "😀",
        "😀🐎",
        "\U0010ffff",
        "\ufeff",
        "e\N{COMBINING ACUTE ACCENT}",
        "é",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}",
    ),
    *("x" * 2000, "x" * 2048, "日" * 682, "\0" * 2048),
]
BYTES = "application/octet-stream"


def counter(key: str) -> str:
    return f"/v1/actors/counter/{quote(key, safe='')}"


async def test_every_key_is_an_actor_of_its_own_for_good(data: Path) -> None:
    assert len(set(KEYS)) == len(KEYS)
    with serving(data) as served:
        remote = Remote(served.url)
        for turns, key in enumerate(KEYS, start=1):
            for value in range(1, turns + 1):
                answer = await remote.ask("POST", f"{counter(key)}/increment")
                assert answer.json == {"value": value}
        served.process.kill()
        served.process.wait()
    with serving(data) as served:
        remote = Remote(served.url)
        for turns, key in enumerate(KEYS, start=1):
            assert (await remote.ask("POST", f"{counter(key)}/get")).json == {"value": turns}
            view = (await remote.ask("GET", counter(key))).json
            assert (view["key"], view["turns"]) == (key, turns)
        assert served.end() == 0


@pytest.fixture
def remote(shared: Served) -> Remote:
    return Remote(shared.url)


async def save(remote: Remote, content_type: str, body: bytes) -> Answer:
    return await remote.ask("POST", "/v1/actors/rogue/bob/save", body, Content_Type=content_type)


@pytest.mark.parametrize(
    ("content_type", "limit"),
    [
        ("text/plain", DEFAULT_LIMITS.payload_bytes_max),
        (BYTES, DEFAULT_LIMITS.binary_bytes_max),
    ],
)
async def test_bodies_up_to_the_limit(remote: Remote, content_type: str, limit: int) -> None:
    for size in (0, 1, 1_000_000, limit):
        assert (await save(remote, content_type, b"x" * size)).status == 200
        loaded = await remote.ask("POST", "/v1/actors/rogue/bob/load")
        assert loaded.body == b"x" * size
        assert loaded.headers["content-type"].startswith(content_type)
    answer = await save(remote, content_type, b"y" * (limit + 1))
    assert (answer.status, answer.code) == (413, "payload-too-large")
    loaded = await remote.ask("POST", "/v1/actors/rogue/bob/load")
    assert loaded.body == b"x" * limit

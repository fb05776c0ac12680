"""What actors and clients write into the log of the host."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.api.support import Remote
from tests.cli.host import serving

FORGED = '{"level": "error", "message": "all is lost"}'


async def test_nobody_forges_an_entry(data: Path) -> None:
    """Neither by what an actor says, nor by the key of one."""
    with serving(data) as served:
        remote = Remote(served.url)
        for key in ("bob", f"eve\n{FORGED}", "mallory\x1b[2J"):
            body = json.dumps({"message": f"hello\n{FORGED}\r{FORGED}\x1b[2J"}).encode()
            target = f"/v1/actors/rogue/{quote(key, safe='')}/log"
            answer = await remote.ask("POST", target, body, Content_Type="application/json")
            assert answer.status == 200
        assert served.end() == 0
        said = served.talk.read_text()
    assert said.count("hello") == 3
    assert "\x1b" not in said
    assert "\r" not in said
    entries = [json.loads(line) for line in said.splitlines()]
    told = [entry for entry in entries if "all is lost" in entry["message"]]
    assert len(told) == 3
    for entry in told:
        assert (entry["logger"], entry["level"]) == ("kelpie.actor", "info")
        assert entry["actor"].startswith("default/rogue/")
        assert entry["turn"] == 1
        assert entry["message"].startswith("hello\n")
    assert not [entry for entry in entries if entry["level"] == "error"]

"""What actors and clients write into the log of the host."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.api.support import Remote
from tests.cli.host import serving

FORGED = "2026-01-01 00:00:00,000 ERROR kelpie: all is lost"


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
    told = [line for line in said.split("\n") if "all is lost" in line]
    # Of each actor the second line, and of eve the first one for her name.
    assert len(told) == 4
    for line in told:
        assert "INFO kelpie.actor: default/rogue/" in line.partition(FORGED)[0]

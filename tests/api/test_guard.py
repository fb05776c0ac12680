"""What becomes of a change while its host stops is in the audit log."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from kelpie.access.audit import AuditEntry, AuditLog
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import COUNTER, Host, request, running

LIMITS = replace(DEFAULT_LIMITS, http_close_ms_max=50)


async def entries(host: Host) -> list[AuditEntry]:
    log = AuditLog(host.env, host.runtime.node.store, LIMITS)
    return [each.entry for each in (await log.page(None, 10)).entries]


async def changing(host: Host) -> None:
    """Waits until a change has begun; it may have ended by then."""
    while not (host.server._guard._changing or await entries(host)):
        await asyncio.sleep(0.01)


async def test_one_whose_upload_has_not_ended(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache, LIMITS) as host, host.wire() as wire:
        await wire.send(request("PUT", "/v1/kinds/counter", b"half", Content_Length="99"))
        await changing(host)
        await host.server.stop()
        (entry,) = await entries(host)
        assert (entry.action, entry.subject, entry.outcome) == ("deploy", "counter", "draining")


async def test_one_whose_client_has_gone(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache) as host:
        async with host.wire() as wire:
            await wire.send(request("PUT", "/v1/kinds/counter", COUNTER.read_bytes()))
            await changing(host)
        while host.server._count():
            await asyncio.sleep(0.01)
        await host.server.stop()
        (entry,) = await entries(host)
        assert (entry.action, entry.subject, entry.outcome) == ("deploy", "counter", "done")


async def test_one_that_is_done_and_not_yet_noted(tmp_path: Path, cache: Path) -> None:
    """The entry of what is no transaction comes after it, and comes in any case."""
    async with running(tmp_path / "data", cache, LIMITS) as host, host.wire() as wire:
        audit: Any = host.server._guard._audit
        record, stands = audit.record, host.env.future()

        async def slow(*given: Any) -> None:
            await stands
            await record(*given)

        audit.record = slow
        await wire.send(request("PUT", "/v1/log-levels/kelpie.request", b"info"))
        await changing(host)
        stopping = host.env.spawn(host.server.stop(), "stop")
        asyncio.get_running_loop().call_later(0.12, stands.set_result, None)
        await stopping
        logging.getLogger("kelpie.request").setLevel(logging.NOTSET)
        (entry,) = await entries(host)
        assert (entry.subject, entry.outcome) == ("kelpie.request", "done")

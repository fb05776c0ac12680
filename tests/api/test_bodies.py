"""Bodies that arrive: what they take of the memory, and how much of it one token may."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.access.roles import Role
from kelpie.limits import DEFAULT_LIMITS, MIB
from tests.api.support import Host, bearer, request, running

KIND = "/v1/kinds/thing"


@pytest.fixture
def no_cycles_are_looked_for() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_cycles_are_looked_for")
async def test_a_refused_upload_is_gone_at_once(empty_host: Host) -> None:
    upload = b"\0asm\x0d\0\x01\0" + os.urandom(8 * MIB)
    assert (await empty_host.ask("PUT", KIND, b"\0asm\x0d\0\x01\0rest")).status == 400
    tracemalloc.start()
    try:
        for _ in range(3):
            assert (await empty_host.ask("PUT", KIND, upload)).code == "component-invalid"
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * MIB


async def test_one_token_leaves_places_for_the_uploads_of_others(
    tmp_path: Path, cache: Path
) -> None:
    limits = replace(DEFAULT_LIMITS, http_uploads_of_principal_max=2)
    async with running(tmp_path / "data", cache, limits) as host:
        tokens = [await host.token("root", Role.ADMIN), await host.token("ci", Role.DEPLOY)]
        async with host.wire() as one, host.wire() as two:
            for wire in (one, two):
                await wire.send(
                    request(
                        "PUT", KIND, Expect="100-continue", Content_Length="9", **bearer(tokens[1])
                    )
                )
                await wire.reader.readuntil(b"\r\n\r\n")
            refused = await host.ask("PUT", KIND, b"no", **bearer(tokens[1]))
            assert (refused.status, refused.code) == (429, "overloaded")
            assert "http_uploads_of_principal_max" in refused.json["detail"]
            assert "retry-after" in refused.headers
            other = await host.ask("PUT", KIND, b"no", **bearer(tokens[0]))
            assert other.code == "component-invalid"
            await one.send(b"x" * 9)
            await one.answer()
            again = await host.ask("PUT", KIND, b"no", **bearer(tokens[1]))
            assert again.code == "component-invalid"


async def test_one_token_leaves_room_for_the_arguments_of_others(
    tmp_path: Path, cache: Path
) -> None:
    limits = replace(DEFAULT_LIMITS, http_arriving_of_principal_bytes_max=1_000)
    async with running(tmp_path / "data", cache, limits) as host:
        tokens = [await host.token("root", Role.ADMIN), await host.token("ci", Role.DEPLOY)]
        async with host.wire() as slow:
            await slow.send(request("PUT", KIND, Content_Length="900", **bearer(tokens[1])))
            await slow.send(b"x" * 800)
            while (await host.ask("PUT", KIND, b"x" * 900, **bearer(tokens[1]))).status != 429:
                pass
            refused = await host.ask("PUT", KIND, b"x" * 900, **bearer(tokens[1]))
            assert refused.code == "overloaded"
            assert "http_arriving_of_principal_bytes_max" in refused.json["detail"]
            other = await host.ask("PUT", KIND, b"x" * 900, **bearer(tokens[0]))
            assert other.code == "component-invalid"

"""Uploads that no host should take, and deploys at the worst moments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.limits import DEFAULT_LIMITS, MIB
from tests.api.support import COUNTER, ROGUE, Remote, request, running
from tests.cli.host import Served
from tests.faults.victim import Victim
from tests.guests import made

INCREMENT = "/v1/actors/counter/alice/increment"


def stamped(component: bytes, stamp: int) -> bytes:
    """The same component with a custom section at its end: other bytes, another
    digest, the same behaviour."""
    content = bytes([5]) + b"stamp" + stamp.to_bytes(4, "big")
    return component + bytes([0, len(content)]) + content


@pytest.fixture
def remote(shared: Served) -> Remote:
    return Remote(shared.url)


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (made.of_another_world, ["kelpie:actor/handler"]),
        (made.of_another_version, ["kelpie:actor@9.9.9", "kelpie:actor@0.1.0"]),
        (made.without_handler, ["kelpie:actor/handler"]),
        (made.with_another_signature, ["describe"]),
        (
            made.importing_http,
            ["wasi:http/outgoing-handler@0.2.6", "wasi:clocks/monotonic-clock@0.3.0"],
        ),
        (made.describe_traps, ["describe"]),
        (made.describe_spins, ["describe"]),
        (made.describe_calls_host, ["describe"]),
        (lambda: made.describing("[]"), ["manifest"]),
        (lambda: made.memory_hog(2000), ["memory"]),
    ],
)
async def test_no_actor_is_refused_with_every_reason(
    remote: Remote, make: Callable[[], bytes], reasons: list[str]
) -> None:
    answer = await remote.ask("PUT", "/v1/kinds/bad", make())
    assert (answer.status, answer.code) == (422, "component-refused")
    told = " ".join([answer.json["detail"], *answer.json["reasons"]])
    for reason in reasons:
        assert reason in told
    assert (await remote.ask("GET", "/v1/kinds/bad")).code == "kind-not-found"


async def test_a_chunked_upload_over_the_limit(remote: Remote) -> None:
    """Its size is not known before it is there."""
    chunk = b"%x\r\n" % MIB + b"\0" * MIB + b"\r\n"
    async with remote.wire() as wire:
        await wire.send(request("PUT", "/v1/kinds/big", Transfer_Encoding="chunked"))
        answering = asyncio.create_task(wire.answer())
        for _ in range(DEFAULT_LIMITS.component_bytes_max // MIB + 1):
            wire.writer.write(chunk)
            await wire.writer.drain()
        answer = await answering
        assert (answer.status, answer.code) == (413, "component-too-large")
    assert (await remote.ask("GET", "/v1/kinds/big")).code == "kind-not-found"


@pytest.mark.usefixtures("warm")
async def test_uploads_that_never_end_keep_no_argument_out(
    tmp_path: Path, compiled_cache: Path
) -> None:
    limits = replace(DEFAULT_LIMITS, http_arriving_bytes_max=200_000)
    body = b"x" * 100_000
    async with running(tmp_path / "data", compiled_cache, limits) as host:
        await host.deploy("rogue", ROGUE)
        async with host.wire() as endless:
            await endless.send(request("PUT", "/v1/kinds/endless", Content_Length="1000000") + body)
            while (await host.ask("PUT", "/v1/kinds/other", body * 2)).status != 429:
                await asyncio.sleep(0.01)
            target = "/v1/actors/rogue/bob/echo?namespace=default"
            answer = await host.ask("POST", target, body, Content_Type="text/plain")
            assert (answer.status, answer.body) == (200, body)
        assert (await host.deploy("counter", COUNTER)).status == 201


@pytest.mark.usefixtures("warm")
async def test_a_bomb_is_refused_and_others_are_served(
    tmp_path: Path, compiled_cache: Path
) -> None:
    limits = replace(DEFAULT_LIMITS, component_compile_ms_max=1500)
    async with running(tmp_path / "data", compiled_cache, limits) as host:
        await host.deploy("counter", COUNTER)
        bombing = asyncio.create_task(host.ask("PUT", "/v1/kinds/bomb", made.compile_bomb(100_000)))
        answered = 0
        while not bombing.done():
            answered += 1
            assert (await host.ask("POST", INCREMENT)).json == {"value": answered}
        answer = await bombing
        assert (answer.status, answer.code) == (422, "component-too-costly")
        assert "component_compile_ms_max" in answer.json["detail"]
        assert answered > 10
        assert (await host.deploy("counter", COUNTER)).status == 200


@pytest.mark.usefixtures("warm")
async def test_bombs_keep_no_actor_from_being_loaded(tmp_path: Path, compiled_cache: Path) -> None:
    """What is deployed is loaded when it is first used, also while uploads compile."""
    limits = replace(DEFAULT_LIMITS, component_compile_ms_max=2000)
    async with running(tmp_path / "data", compiled_cache, limits) as host:
        await host.deploy("counter", COUNTER)
    async with running(tmp_path / "data", compiled_cache, limits) as host:
        bombs = [made.compile_bomb(100_000 + number) for number in range(2)]
        bombing = [
            asyncio.create_task(host.ask("PUT", f"/v1/kinds/bomb-{number}", bomb))
            for number, bomb in enumerate(bombs)
        ]
        await asyncio.wait(bombing, timeout=0.5)
        assert (await host.ask("POST", INCREMENT)).json == {"value": 1}
        assert not any(task.done() for task in bombing)
        for task in bombing:
            assert (await task).code == "component-too-costly"


async def test_deploying_while_it_is_invoked(remote: Remote) -> None:
    """Every increment lands in one version or the other, and none is lost between them."""
    wasm = COUNTER.read_bytes()
    assert (await remote.ask("PUT", "/v1/kinds/changing", wasm)).status == 201
    done = asyncio.Event()
    target = "/v1/actors/changing/alice/increment"

    async def increment() -> list[int]:
        values = []
        async with remote.wire() as wire:
            while not done.is_set():
                await wire.send(request("POST", target))
                values.append((await wire.answer()).json["value"])
        return values

    clients = [asyncio.create_task(increment()) for _ in range(4)]
    for stamp in range(8):
        deploy = await remote.ask("PUT", "/v1/kinds/changing", stamped(wasm, stamp))
        assert (deploy.status, deploy.json["number"]) == (201, stamp + 2)
    done.set()
    values = [value for client in clients for value in await client]
    assert sorted(values) == list(range(1, len(values) + 1))
    assert (await remote.ask("POST", target)).json["value"] == len(values) + 1
    assert (await remote.ask("GET", "/v1/actors/changing/alice")).json["deploy_number"] == 9


@pytest.mark.slow
async def test_killed_while_it_deploys(data: Path) -> None:
    """Afterwards the kind is the old one or the new one, and it works."""
    victim = Victim(data)
    wasm = COUNTER.read_bytes()
    number, value = 1, 0
    try:
        for stamp in range(4):
            remote = await victim.start()
            kind = (await remote.ask("GET", "/v1/kinds/counter")).json
            assert kind["number"] in {number, number + 1}
            number = kind["number"]
            value += 1
            assert (await remote.ask("POST", INCREMENT)).json == {"value": value}
            deploying = asyncio.create_task(
                remote.ask("PUT", "/v1/kinds/counter", stamped(wasm, stamp))
            )
            await asyncio.wait([deploying], timeout=0.1 * stamp)
            if deploying.done():
                number = (await deploying).json["number"]
            victim.kill()
            await asyncio.wait([deploying])
            if deploying.exception() is None:
                number = deploying.result().json["number"]
    finally:
        victim.kill()

"""A disk that is full: an error that says so, and nothing that was acknowledged is lost."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from kelpie.limits import MIB
from tests.api.support import Answer, Remote
from tests.cli.host import COUNTER, Served, launch, serving
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.test_uploads import stamped

ACTORS = 400


def state(number: int) -> bytes:
    return b"%08d" % number * 12_500  # 100 KB


async def save(remote: Remote, number: int) -> Answer:
    return await remote.ask(
        "POST",
        f"/v1/actors/rogue/actor-{number}/save",
        state(number),
        Content_Type="text/plain",
        Idempotency_Key=f"save-{number}",
    )


async def save_until_refused(remote: Remote) -> tuple[int, Answer]:
    """How many were saved, and what the next one was told."""
    for number in range(ACTORS):
        answer = await save(remote, number)
        if answer.status != 200:
            return number, answer
    raise AssertionError("there was room for all")


async def check_saved(remote: Remote, count: int) -> None:
    for number in range(count):
        answer = await remote.ask("POST", f"/v1/actors/rogue/actor-{number}/load")
        assert answer.body == state(number)
    absent = await remote.ask("POST", f"/v1/actors/rogue/actor-{ACTORS}/load")
    assert absent.json["rejection"] == "absent"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 48 * MIB) as mounted:
        yield mounted


async def test_a_full_disk(disk: SmallDisk, warm: Path) -> None:
    data = disk.copy(warm, "data")
    with serving(data, disk.within) as served:
        remote = Remote(served.url)
        disk.fill(4 * MIB)
        saved, answer = await save_until_refused(remote)
        assert (answer.status, answer.code) == (507, "store-full")
        assert answer.json["retryable"] is True
        await check_saved(remote, saved)
        assert (await save(remote, saved)).code == "store-full"
        # With room again it goes on, without a restart.
        disk.make_room()
        assert (await save(remote, saved)).status == 200
        await check_saved(remote, saved + 1)
        served.process.kill()
        served.process.wait()
    with serving(data, disk.within) as served:
        await check_saved(Remote(served.url), saved + 1)
        assert served.end() == 0


async def test_a_disk_that_is_full_from_the_start(disk: SmallDisk, warm: Path) -> None:
    data = disk.copy(warm, "data")
    disk.fill(0)
    process, talk = launch(data, disk.within)
    with process:
        assert process.wait(60) == 1
    assert "store-full" in talk.read_text()
    assert "Traceback" not in talk.read_text()
    disk.make_room()
    with serving(data, disk.within) as served:
        assert (await save(Remote(served.url), 0)).status == 200
        assert served.end() == 0


async def test_no_room_for_what_is_compiled(disk: SmallDisk, warm: Path) -> None:
    data = disk.copy(warm, "data")
    # A cache of its own: another test may have had these bytes compiled in the shared one.
    disk.empty(data / "compiled")
    with serving(data, disk.within) as served:
        remote = Remote(served.url)
        assert (await remote.ask("POST", "/v1/actors/counter/alice/get")).json == {"value": 0}
        disk.fill(0)
        answer = await remote.ask("PUT", "/v1/kinds/counter", stamped(COUNTER.read_bytes(), 1))
        assert (answer.status, answer.code) == (507, "store-full")
        assert "compiled" in answer.json["detail"]
        assert (await remote.ask("GET", "/v1/kinds/counter")).json["number"] == 1
        assert (await remote.ask("POST", "/v1/actors/counter/alice/get")).json == {"value": 0}
        disk.make_room()
        answer = await remote.ask("PUT", "/v1/kinds/counter", stamped(COUNTER.read_bytes(), 1))
        assert (answer.status, answer.json["number"]) == (201, 2)
        assert served.end() == 0


async def test_an_error_that_leaves_the_disk_in_doubt_ends_the_host(data: Path) -> None:
    """The file may not grow: for all the host can tell the disk is broken."""
    with serving(data) as served:
        remote = Remote(served.url)
        _limit_files(served, 2 * MIB)
        saved, answer = await save_until_refused(remote)
        assert (answer.status, answer.code) == (503, "outcome-unknown")
        assert served.process.wait(60) == 1
        assert "store-stopped" in served.talk.read_text()
    with serving(data) as served:
        remote = Remote(served.url)
        await check_saved(remote, saved)
        assert (await save(remote, saved)).status == 200
        assert served.end() == 0


def _limit_files(served: Served, size_bytes: int) -> None:
    """From now on no file of the process may be longer."""
    resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

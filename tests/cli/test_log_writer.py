"""The log of a host, if nobody reads it, or nobody is there to read it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kelpie.cli.log_formats import LineFormatter
from kelpie.cli.log_writer import LogWriter
from kelpie.env.real import RealEnv
from kelpie.limits import DEFAULT_LIMITS
from tests.api.support import ROGUE, Remote
from tests.cli.host import COMMAND, SECONDS_MAX
from tests.compiled import with_compiled


@contextmanager
def serving_into_a_pipe(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], Remote, int]]:
    """A host whose stderr is a pipe; the pipe's other end is the caller's."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [COMMAND, "serve", "--data", data, "--port", "0"], stdout=subprocess.PIPE, stderr=writer
    )
    os.close(writer)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        yield process, Remote(line.removeprefix("ready on ").strip()), reader
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_log_that_nobody_reads_holds_up_nobody(tmp_path: Path) -> None:
    data = with_compiled(tmp_path / "data")
    with serving_into_a_pipe(data) as (process, remote, reader):
        assert (await remote.deploy("rogue", ROGUE)).status == 201
        body = json.dumps({"message": "x" * 15_000}).encode()
        for number in range(400):  # 6 MB: more than a pipe and the queue hold
            target = f"/v1/actors/rogue/{number % 7}/log"
            answer = await asyncio.wait_for(
                remote.ask("POST", target, body, Content_Type="application/json"), SECONDS_MAX
            )
            assert answer.status == 200
        assert (await remote.ask("GET", "/livez")).status == 200
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, SECONDS_MAX) == 0
        os.close(reader)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_though_its_stderr_is_gone(tmp_path: Path, number: signal.Signals) -> None:
    with serving_into_a_pipe(tmp_path / "data") as (process, remote, reader):
        os.close(reader)
        assert (await remote.ask("GET", "/livez")).status == 200
        process.send_signal(number)
        assert await asyncio.to_thread(process.wait, SECONDS_MAX) == 0


@pytest.fixture
async def env() -> RealEnv:
    return RealEnv(lambda *fault: pytest.fail(str(fault)))


def entry(message: str) -> logging.LogRecord:
    return logging.LogRecord("kelpie", logging.INFO, "", 1, message, None, None)


async def test_what_is_dropped_is_counted(env: RealEnv) -> None:
    reader, descriptor = os.pipe()
    limits = replace(DEFAULT_LIMITS, log_waiting_bytes_max=100_000, log_flush_ms_max=60_000)
    writer = LogWriter(env, descriptor, limits)
    writer.setFormatter(LineFormatter())
    for _ in range(30):
        writer.handle(entry("x" * 9_999))
    # The thread waits in the pipe, and its entry counts until it is written.
    with os.fdopen(reader, "rb") as pipe:
        flushing = asyncio.create_task(asyncio.to_thread(writer.flush))
        await asyncio.to_thread(pipe.read, 64 << 10)
        await flushing
        writer.say("once more")
        writer.flush()
        os.close(descriptor)
        lines = pipe.read().decode().splitlines()
    notices = [line for line in lines if "dropped" in line]
    # One when the thread was late and the pipe had room once more, and one of the rest.
    assert 1 <= len(notices) <= 2
    count = sum(int(each.partition("kelpie.log: ")[2].split()[0]) for each in notices)
    assert 10 <= count < 30
    assert lines[-1] == "once more"
    assert writer.meter.dropped == count


async def test_what_is_no_utf8_is_written_all_the_same(env: RealEnv, tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as stream:
        writer = LogWriter(env, stream.fileno(), DEFAULT_LIMITS)
        writer.setFormatter(LineFormatter())
        writer.handle(entry("a\udcffb"))
        writer.say("é")
        writer.flush()
    first, second = file.read_text().splitlines()
    assert first.endswith("INFO kelpie: a\\udcffb")
    assert second == "é"

"""TLS: the same HTTP over it, certificates that change, and where a host may listen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from kelpie.access.roles import Role
from kelpie.api.client import Client
from kelpie.api.listening import AddressRefused, Listening, leads_here
from kelpie.api.tls import ServerTls
from kelpie.api.unreachable import HostUnreachable
from kelpie.ids import text
from kelpie.limits import DEFAULT_LIMITS, Limits
from tests.api.support import COUNTER, ROGUE, Host, Wire, request, running

INCREMENT = request("POST", "/v1/actors/counter/bob/increment")


class Files:
    """A certificate with its key, and the one that vouches for it."""

    def __init__(self, directory: Path) -> None:
        self.ca, self.certificate, self.key = (
            directory / name for name in ("ca.pem", "host.pem", "host.key")
        )
        self.renew()

    def renew(
        self, *names: str, since_days: int | None = None, until_days: int | None = None
    ) -> None:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(self.ca)
        now = datetime.now(UTC)
        since, until = (
            None if days is None else now + timedelta(days=days)
            for days in (since_days, until_days)
        )
        issued = ca.issue_cert(
            *(names or ("127.0.0.1", "localhost")), not_before=since, not_after=until
        )
        self.key.write_bytes(issued.private_key_pem.bytes())
        self.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@asynccontextmanager
async def secure(
    tmp_path: Path, cache: Path, tls: ServerTls, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[Host]:
    async with running(tmp_path / "data", cache, limits, tls) as host:
        assert (host.url.partition(":")[0]) == "https"
        await host.runtime.deploy("default", "counter", COUNTER.read_bytes())
        yield host


@asynccontextmanager
async def wire(host: Host, files: Files) -> AsyncIterator[Wire]:
    context = ssl.create_default_context(cafile=files.ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port, ssl=context)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def test_all_of_http_over_it(tmp_path: Path, cache: Path, files: Files) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host, wire(host, files) as one:
        await one.send(INCREMENT * 3)
        assert [(await one.answer()).json["value"] for _ in range(3)] == [1, 2, 3]
        await one.send(INCREMENT[:30], INCREMENT[30:])
        assert (await one.answer()).json == {"value": 4}
        # From here on the connection is aiohttp's.
        await one.send(request("GET", "/v1/kinds"))
        assert len((await one.answer()).json["kinds"]) == 1
        await one.send(INCREMENT * 3)
        assert [(await one.answer()).json["value"] for _ in range(3)] == [5, 6, 7]


async def test_a_client_that_does_not_read_its_answers(
    tmp_path: Path, cache: Path, files: Files
) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host, wire(host, files) as one:
        for _ in range(2000):
            one.writer.write(INCREMENT)
        values = [(await one.answer()).json["value"] for _ in range(2000)]
        assert values == list(range(1, 2001))


@pytest.mark.parametrize("lane", ["", "?namespace=default"], ids=["hot", "full"])
async def test_a_client_that_goes_away_does_not_stop_the_turn(
    tmp_path: Path, cache: Path, files: Files, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """... nor does it have anything to say in the log."""
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host:
        await host.runtime.deploy("default", "rogue", ROGUE.read_bytes())
        async with wire(host, files) as one:
            spin = f"/v1/actors/rogue/bob/spin{lane}"
            await one.send(request("POST", spin, Kelpie_Deadline_Ms="300"))
            while not host.runtime.outstanding:
                await asyncio.sleep(0.01)
            one.writer.close()
            await one.writer.wait_closed()
        while host.runtime.outstanding:
            await asyncio.sleep(0.01)
    assert [each.name for each in caplog.records if each.name == "asyncio"] == []


async def test_the_client_asks_over_it(tmp_path: Path, cache: Path, files: Files) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host:
        secret = await host.token("root", Role.ADMIN)
        async with Client(host.url, token=secret, ca=files.ca) as client:
            reply = await client.invoke("counter", "bob", "increment", text(b""))
            assert reply.data == b'{"value":1}'
            assert [each["name"] for each in await client.tokens()] == ["root"]
        async with Client(host.url, token=secret) as client:
            with pytest.raises(HostUnreachable, match="--ca") as found:
                await client.kinds()
            assert (found.value.sent, found.value.answers) == (False, True)
        async with Client(host.url.replace("https", "http", 1), token=secret) as client:
            with pytest.raises(HostUnreachable, match="does it speak https"):
                await client.kinds()


async def test_a_host_that_speaks_http_is_asked_over_it(tmp_path: Path, cache: Path) -> None:
    async with (
        running(tmp_path / "data", cache) as host,
        Client(host.url.replace("http", "https", 1)) as client,
    ):
        with pytest.raises(HostUnreachable, match="if it speaks http, "):
            await client.kinds()


async def test_a_renewed_certificate_is_shown_from_then_on(
    tmp_path: Path, cache: Path, files: Files
) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host, wire(host, files) as before:
        files.renew()
        with pytest.raises(ssl.SSLError):
            async with wire(host, files):
                pass
        await tls.reload(host.env)
        async with wire(host, files) as after:
            for each in (before, after):
                await each.send(INCREMENT)
                assert (await each.answer()).status == 200
        # What cannot be used changes nothing.
        files.key.write_text("no key")
        with pytest.raises(OSError, match="there is no private key in it"):
            await tls.reload(host.env)
        async with wire(host, files) as after:
            await after.send(INCREMENT)
            assert (await after.answer()).status == 200


def test_it_is_said_which_file_is_wrong(tmp_path: Path, files: Files) -> None:
    (tmp_path / "other").mkdir()
    other = Files(tmp_path / "other")
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n")
    for certificate, key, file, told in (
        (files.certificate, other.key, other.key, "not the key of the first certificate in"),
        (junk, files.key, junk, "no certificate in it"),
        (files.certificate, junk, junk, "no private key in it"),
        (files.key, files.certificate, files.key, "no certificate in it"),
        (broken, files.key, broken, "OpenSSL cannot use it"),
        (tmp_path / "none", files.key, tmp_path / "none", "No such file"),
    ):
        with pytest.raises(OSError, match=told) as found:
            ServerTls(certificate, key)
        assert found.value.filename == str(file)


def test_that_clients_refuse_a_certificate_is_known_before_they_do(files: Files) -> None:
    assert ServerTls(files.certificate, files.key).why_refused is None
    files.renew(since_days=-2, until_days=-1)
    assert ServerTls(files.certificate, files.key).why_refused == "certificate has expired"
    files.renew(since_days=1, until_days=2)
    assert ServerTls(files.certificate, files.key).why_refused == "certificate is not yet valid"


async def test_the_client_says_why_it_refuses_a_certificate(
    tmp_path: Path, cache: Path, files: Files
) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host:
        for names, days, told in (
            (("elsewhere.example",), 1, "of somebody else: .*name the host as"),
            (("127.0.0.1",), -1, "certificate has expired; it has to be renewed there"),
        ):
            files.renew(*names, since_days=-2, until_days=days)
            await tls.reload(host.env)
            async with Client(host.url, ca=files.ca) as client:
                with pytest.raises(HostUnreachable, match=told) as found:
                    await client.kinds()
                assert "--ca" not in str(found.value)
        for ca, why in ((tmp_path / "none", "No such file"), (files.key, "no certificate in it")):
            with pytest.raises(OSError, match=why) as wrong:
                async with Client(host.url, ca=ca):
                    pass
            assert wrong.value.filename == str(ca)


@pytest.mark.parametrize("how", ["encrypted", "fifo"])
async def test_a_key_that_would_make_it_wait(
    tmp_path: Path, cache: Path, files: Files, how: str
) -> None:
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host:
        if how == "encrypted":
            key = serialization.load_pem_private_key(files.key.read_bytes(), None)
            pem = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
            files.key.write_bytes(pem)
        else:
            files.key.unlink()
            os.mkfifo(files.key)
        with pytest.raises(OSError, match=r"encrypted|regular") as found:
            await tls.reload(host.env)
        assert found.value.filename == str(files.key)
        async with wire(host, files) as after:
            await after.send(INCREMENT)
            assert (await after.answer()).status == 200


async def test_who_does_not_shake_hands(tmp_path: Path, cache: Path, files: Files) -> None:
    limits = replace(DEFAULT_LIMITS, http_tls_handshake_ms_max=100)
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls, limits) as host:
        async with host.wire() as silent:
            assert await silent.is_closed()
        async with host.wire() as plain:
            await plain.send(request("GET", "/livez"))
            assert b"HTTP" not in await plain.reader.read()


async def test_that_somebody_speaks_no_tls_is_logged_once_in_a_while(
    tmp_path: Path, cache: Path, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        return [each.message for each in caplog.records if "no TLS" in each.message]

    async def ask(host: Host, said: bytes) -> None:
        async with host.wire() as plain:
            await plain.send(said)
            await plain.reader.read()

    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls) as host:
        for said in (request("GET", "/livez"), request("DELETE", "/v1/kinds/x"), b"junk" * 9):
            await ask(host, said)
        # Who does not trust the certificate, or goes away, has spoken no other language.
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("127.0.0.1", host.port, ssl=ssl.create_default_context())
        async with host.wire():
            pass
        assert ["(1 since" in each for each in told()] == [True]
        handshakes = host.server._handshakes
        assert handshakes is not None
        handshakes._tell_after_ns = 0
        await ask(host, request("GET", "/livez"))
        assert ["(3 since" in each for each in told()] == [False, True]


async def test_strangers_that_do_not_shake_hands_keep_nobody_out(
    tmp_path: Path, cache: Path, files: Files
) -> None:
    limits = replace(DEFAULT_LIMITS, http_tls_handshakes_max=3)
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls, limits) as host, AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(host.wire()) for _ in range(5)]
        for _ in range(3):
            async with wire(host, files) as one:
                await one.send(INCREMENT)
                assert (await one.answer()).status == 200
        assert [await each.is_closed() for each in silent[:3]] == [True] * 3
        handshakes = host.server._handshakes
        assert handshakes is not None
        assert len(handshakes) <= 3
        await host.server.stop()
        assert [await each.is_closed() for each in silent[3:]] == [True] * 2
        assert len(handshakes) == 0


async def test_one_that_failed_is_forgotten(tmp_path: Path, cache: Path, files: Files) -> None:
    limits = replace(DEFAULT_LIMITS, http_idle_ms_max=20)
    tls = ServerTls(files.certificate, files.key)
    async with secure(tmp_path, cache, tls, limits) as host:
        async with host.wire() as plain:
            await plain.send(request("GET", "/livez"))
            await plain.reader.read()
        # Longer than a connection may be idle. A fault would end the test.
        await asyncio.sleep(0.1)


async def test_what_is_said_in_one_go_with_the_handshake(
    tmp_path: Path, cache: Path, files: Files
) -> None:
    tls = ServerTls(files.certificate, files.key)
    context = ssl.create_default_context(cafile=files.ca)
    async with secure(tmp_path, cache, tls) as host, host.wire() as plain:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                await plain.send(outgoing.read())
                incoming.write(await plain.reader.read(1 << 16))
        client.write(INCREMENT)
        await plain.send(outgoing.read())
        answer = b""
        while b'{"value":1}' not in answer:
            incoming.write(await plain.reader.read(1 << 16))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += client.read(1 << 16)


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.0.2.7", False),
        ("fe80::1%lo", False),
    ],
)
async def test_what_leads_to_this_machine_alone(host: str, verdict: bool) -> None:
    assert await leads_here(host) is verdict


async def test_a_public_address_wants_tokens_or_a_word(empty_host: Host) -> None:
    public = Listening("0.0.0.0", 0)
    with pytest.raises(AddressRefused):
        await public.check(has_tokens=False)
    await public.check(has_tokens=True)
    await replace(public, insecure_public=True).check(has_tokens=False)
    with pytest.raises(AddressRefused):
        await empty_host.server.start(public)

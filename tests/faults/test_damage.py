"""A bit that flips on the disk is found and named; it is never taken for a value."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from kelpie.ids import Address
from kelpie.store import component_keys, keyspace
from kelpie.store.keyspace import ActorKeys
from kelpie.store.tuples import readable
from tests.api.support import Answer, Remote
from tests.cli.host import LEDGER, kelpie, serving

FIRST = {"number": 1, "count": 1}
SECOND = {"number": 2, "count": 2}


def flip(data: Path, key: bytes, byte: int) -> None:
    """Flips one bit of what is stored under `key`."""
    database = sqlite3.connect(data / "kelpie.db")
    with database:
        (value,) = database.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
        damaged = bytearray(value)
        damaged[byte] ^= 0x10
        database.execute("UPDATE pairs SET value = ? WHERE key = ?", (bytes(damaged), key))
    database.close()


async def append(remote: Remote, actor: str, request_id: str) -> Answer:
    target = f"/v1/actors/ledger/{actor}/append"
    headers = {"Content_Type": "application/json", "Idempotency_Key": request_id}
    return await remote.ask("POST", target, b'{"item": "fig"}', **headers)


class Damage(NamedTuple):
    """A ledger with one append, and a value of it in which a bit will flip."""

    find: Callable[[ActorKeys], bytes]
    request_id: str
    """Of the append that needs the value."""
    byte: int

    @property
    def actor(self) -> str:
        return f"{self.find.__name__}-{self.byte}"

    @property
    def key(self) -> bytes:
        return self.find(ActorKeys(Address("default", "ledger", self.actor)))


def state(keys: ActorKeys) -> bytes:
    return keys.state


def own(keys: ActorKeys) -> bytes:
    return keys.own


def seq(keys: ActorKeys) -> bytes:
    return keys.seq


def record(keys: ActorKeys) -> bytes:
    return keys.record("anonymous", "first")


VALUES = [(state, "second"), (own, "second"), (seq, "second"), (record, "first")]
BYTES = [0, 2, -1]  # the version, the checksum, the value
DAMAGES = [Damage(*value, byte) for value in VALUES for byte in BYTES]


async def test_a_flipped_bit_is_found_and_named(data: Path) -> None:
    with serving(data) as served:
        for damage in DAMAGES:
            assert (await append(Remote(served.url), damage.actor, "first")).json == FIRST
        assert (await append(Remote(served.url), "sound", "first")).json == FIRST
        assert served.end() == 0
    for damage in DAMAGES:
        flip(data, damage.key, damage.byte)
    with serving(data) as served:
        for damage in DAMAGES * 2:
            answer = await append(Remote(served.url), damage.actor, damage.request_id)
            assert (answer.status, answer.code) == (500, "stored-value-corrupt")
            assert answer.json["key"] == readable(damage.key)
            assert (answer.json["source"], answer.json["retryable"]) == ("platform", False)
        assert (await append(Remote(served.url), "sound", "second")).json == SECOND
        assert served.end() == 0
    # Nothing was put in their place: with the bits turned back all is as it was.
    for damage in DAMAGES:
        flip(data, damage.key, damage.byte)
    with serving(data) as served:
        for damage in DAMAGES:
            assert (await append(Remote(served.url), damage.actor, "first")).json == FIRST
            assert (await append(Remote(served.url), damage.actor, "second")).json == SECOND
        assert served.end() == 0


@pytest.mark.parametrize("find", [own, seq])
async def test_an_actor_that_nobody_can_own_is_deleted_by_force(
    data: Path, find: Callable[[ActorKeys], bytes]
) -> None:
    damage = Damage(find, "second", -1)
    target = f"/v1/actors/ledger/{damage.actor}"
    with serving(data) as served:
        for actor in (damage.actor, "sound"):
            assert (await append(Remote(served.url), actor, "first")).json == FIRST
        assert served.end() == 0
    flip(data, damage.key, -1)
    with serving(data) as served:
        remote = Remote(served.url)
        for refused in (await remote.ask("DELETE", target), await remote.ask("GET", target)):
            assert refused.code == "stored-value-corrupt"
            assert (
                f"kelpie delete --namespace default ledger/{damage.actor} --force"
                in refused.json["detail"]
            )
        listed = kelpie("actors", "ledger", url=served.url)
        assert listed.returncode == 0
        assert "sound" in listed.stdout
        assert f"ledger/{damage.actor}: stored-value-corrupt" in listed.stderr
        done = kelpie("delete", f"ledger/{damage.actor}", "--force", "--yes", url=served.url)
        assert (done.returncode, done.stdout) == (0, f"deleted ledger/{damage.actor}\n")
        entry = (await remote.ask("GET", "/v1/audit?limit=1")).json["entries"][0]
        assert (entry["action"], entry["outcome"]) == ("delete", "done")
        assert "by force" in entry["detail"]
        # What guards against things done twice has stayed, and nothing else.
        assert (await append(remote, damage.actor, "first")).json == FIRST
        assert (await remote.ask("GET", f"/v1/kv/ledger/{damage.actor}")).json["entries"] == []
        assert (await append(remote, damage.actor, "second")).json == FIRST
        # By force, what is sound is deleted like any other.
        forced = await remote.ask("DELETE", "/v1/actors/ledger/sound?force=true")
        assert forced.json["deleted"]
        assert served.end() == 0
    assert kelpie("doctor", "--data", data).returncode == 0


async def test_damaged_code_is_not_run_and_can_be_deployed_again(
    data: Path, compiled_cache: Path
) -> None:
    """Neither that in the store nor that in the cache of compiled forms."""
    with serving(data) as served:
        remote = Remote(served.url)
        assert (await append(remote, "alice", "first")).json == FIRST
        digest = (await remote.ask("GET", "/v1/kinds/ledger")).json["digest"]
        assert served.end() == 0
    flip(data, component_keys.component_chunk(digest, 0), -1)
    _damage_cache(data, compiled_cache, digest)
    with serving(data) as served:
        remote = Remote(served.url)
        answer = await append(remote, "alice", "second")
        assert (answer.status, answer.code) == (500, "stored-value-corrupt")
        assert digest in answer.json["detail"]
        assert (await remote.ask("POST", "/v1/actors/counter/alice/increment")).status == 200
        assert kelpie("deploy", LEDGER, url=served.url).returncode == 0
        assert (await append(remote, "alice", "second")).json == SECOND
        assert served.end() == 0
    with serving(data) as served:
        assert (await append(Remote(served.url), "alice", "third")).status == 200
        assert served.end() == 0


def _damage_cache(data: Path, compiled_cache: Path, digest: str) -> None:
    """Gives the data directory a cache of its own in which one form is damaged."""
    (data / "compiled").unlink()
    (data / "compiled").mkdir()
    for entry in compiled_cache.glob("*.compiled"):
        content = bytearray(entry.read_bytes())
        if entry.name.startswith(digest):
            content[len(content) // 2] ^= 0x10
        (data / "compiled" / entry.name).write_bytes(content)


@pytest.mark.parametrize(
    "key",
    [keyspace.current_deploy("default", "ledger"), keyspace.deploy("default", "ledger", 1)],
    ids=readable,
)
async def test_a_kind_that_cannot_be_read_keeps_no_other(data: Path, key: bytes) -> None:
    with serving(data) as served:
        assert (await append(Remote(served.url), "alice", "first")).json == FIRST
        assert served.end() == 0
    flip(data, key, -1)
    doctor = kelpie("doctor", "--data", data)
    assert doctor.returncode == 1
    assert readable(key) in doctor.stdout
    with serving(data) as served:
        remote = Remote(served.url)
        for _ in range(2):
            answer = await append(remote, "alice", "second")
            assert (answer.status, answer.code) == (500, "stored-value-corrupt")
            assert answer.json["key"] == readable(key)
        assert (await remote.ask("POST", "/v1/actors/counter/alice/increment")).status == 200
        kinds = (await remote.ask("GET", "/v1/kinds")).json["kinds"]
        assert "ledger" not in [each["kind"] for each in kinds]
        (told,) = (await remote.ask("GET", "/v1/host")).json["damaged"]
        assert told["kind"] == "default/ledger"
        assert readable(key) in told["detail"]
        # Nothing is put in its place by mistake.
        assert kelpie("deploy", LEDGER, url=served.url).returncode == 1
        assert served.end() == 0
    flip(data, key, -1)
    with serving(data) as served:
        assert (await append(Remote(served.url), "alice", "second")).json == SECOND
        assert served.end() == 0


@pytest.mark.parametrize(
    "key",
    [
        keyspace.node_fence("local"),
        keyspace.entropy_secret(),
    ],
    ids=readable,
)
def test_a_host_that_cannot_know_what_it_is_does_not_start(data: Path, key: bytes) -> None:
    flip(data, key, -1)
    done = kelpie("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "stored-value-corrupt" in done.stderr
    assert readable(key) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_cannot_be_opened(data: Path) -> None:
    (data / "kelpie.db").unlink()
    (data / "kelpie.db").mkdir()
    done = kelpie("serve", "--data", data, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "store-read-failed" in done.stderr
    assert str(data / "kelpie.db") in done.stderr
    assert "Traceback" not in done.stderr

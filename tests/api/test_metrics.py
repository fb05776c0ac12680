"""`GET /metrics`, of a whole host."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from kelpie.limits import DEFAULT_LIMITS
from kelpie.runtime.requests.message import Stage
from tests.api.support import COUNTER, ENDLESS_FUEL, ROGUE, Host, running

JSON = "application/json"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(host: Host) -> Samples:
    """Every sample, by its name and labels."""
    answer = await host.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def of_kind(samples: Samples, name: str, kind: str, **labels: str) -> float:
    return value(samples, name, namespace="default", kind=kind, **labels)


async def test_turns_are_counted_by_kind_and_outcome(host: Host, lane: str) -> None:
    for _ in range(3):
        await host.ask("POST", f"/v1/actors/counter/bob/increment{lane}")
    rejected = await host.ask("POST", f"/v1/actors/counter/bob/nothing{lane}")
    assert rejected.code == "rejected"
    await host.ask(
        "POST", f"/v1/actors/rogue/bob/trap{lane}", b'{"how":"panic"}', Content_Type=JSON
    )
    samples = await scraped(host)
    turns = "kelpie_turns_total"
    assert of_kind(samples, turns, "counter", outcome="reply") == 3
    assert of_kind(samples, turns, "counter", outcome="rejection") == 1
    assert of_kind(samples, turns, "counter", outcome="failure") == 0
    assert of_kind(samples, turns, "rogue", outcome="failure") == 1
    assert of_kind(samples, "kelpie_turn_failures_total", "rogue", code="guest-trapped") == 1
    code = rejected.json["rejection"]
    assert of_kind(samples, "kelpie_turn_rejections_total", "counter", code=code) == 1
    assert of_kind(samples, "kelpie_turn_duration_seconds_count", "counter") == 4
    assert of_kind(samples, "kelpie_commits_total", "counter") == 3
    assert of_kind(samples, "kelpie_turn_fuel_total", "counter") > 0
    assert of_kind(samples, "kelpie_actor_activations_total", "counter") == 1
    assert of_kind(samples, "kelpie_actors_active", "counter") == 1
    # An error costs an actor its instance: it has the second by now, or none yet.
    assert of_kind(samples, "kelpie_instances_made_total", "counter") == 1
    assert value(samples, "kelpie_http_errors_total", code="rejected") == 1
    assert value(samples, "kelpie_http_errors_total", code="guest-trapped") == 1
    assert value(samples, "kelpie_http_requests_total", status="5xx") == 1
    assert value(samples, "kelpie_http_requests_total", status="4xx") == 1
    assert value(samples, "kelpie_http_request_duration_seconds_count") == 7  # two deploys, too


async def test_what_is_said_of_a_metric_is_said_of_it_alone(host: Host) -> None:
    """Whoever looks at one sees none of the others beside it."""
    text = (await host.ask("GET", "/metrics")).body.decode()
    said = {each.name: each.documentation for each in text_string_to_metric_families(text)}
    assert all(said.values())
    words = {name: set(told.rstrip(".").split()) for name, told in said.items()}
    assert {name for name, each in words.items() if each & {"it", "they", "them"}} == set()


async def test_a_repeated_request_is_no_turn(host: Host) -> None:
    for _ in range(2):
        await host.ask("POST", "/v1/actors/counter/bob/increment", Idempotency_Key="same")
    samples = await scraped(host)
    assert of_kind(samples, "kelpie_turns_total", "counter", outcome="reply") == 1
    assert of_kind(samples, "kelpie_requests_repeated_total", "counter") == 1


async def test_what_the_store_wrote(host: Host) -> None:
    before = await scraped(host)
    await asyncio.gather(
        *(host.ask("POST", f"/v1/actors/counter/{number}/increment") for number in range(20))
    )
    after = await scraped(host)

    def grown(name: str) -> float:
        return value(after, name) - value(before, name)

    assert grown("kelpie_store_batch_commits_sum") >= 20
    batches = grown("kelpie_store_batch_commits_count")
    assert 0 < batches == grown("kelpie_store_write_duration_seconds_count")
    assert grown("kelpie_store_write_duration_seconds_sum") > 0
    assert grown("kelpie_store_written_bytes_total") > 0
    assert value(after, "kelpie_store_queue_bytes") == 0
    assert value(after, "kelpie_store_batch_failures_total") == 0
    assert value(after, "kelpie_commit_turns_sum") == 20
    assert value(after, "kelpie_instances_live") == 20
    assert value(after, "kelpie_instances_memory_bytes") > 0
    assert value(after, "process_resident_memory_bytes") > 0


async def test_requests_that_wait(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "data", cache, ENDLESS_FUEL) as host:
        await host.deploy("rogue", ROGUE)
        target = "/v1/actors/rogue/bob/spin"
        # Those that wait have given up when the turn that runs is cut short:
        # else one of them might begin, and be cut short as well.
        asked = [
            asyncio.create_task(host.ask("POST", target, Kelpie_Deadline_Ms=deadline_ms))
            for deadline_ms in ("5000", "2500", "2500")
        ]
        in_turn = "default", "rogue", Stage.RUNNING
        while host.runtime.outstanding < 3 or not host.runtime.stages()[in_turn]:
            await asyncio.sleep(0.01)
        samples = await scraped(host)
        assert of_kind(samples, "kelpie_mailbox_requests", "rogue") == 2
        assert value(samples, "kelpie_requests_outstanding", stage="queued") == 2
        assert value(samples, "kelpie_requests_outstanding", stage="running") == 1
        for each in asked:
            assert (await each).code == "deadline-exceeded"
        samples = await scraped(host)
        assert of_kind(samples, "kelpie_mailbox_requests", "rogue") == 0
        failed = "kelpie_turn_failures_total"
        assert of_kind(samples, failed, "rogue", code="deadline-exceeded") == 1


async def test_kinds_beyond_the_limit_share_a_label(tmp_path: Path, cache: Path) -> None:
    limits = replace(DEFAULT_LIMITS, metrics_kinds_max=1)
    async with running(tmp_path / "data", cache, limits) as host:
        for kind in ("one", "two", "three"):
            await host.deploy(kind, COUNTER)
            await host.ask("POST", f"/v1/actors/{kind}/bob/increment")
        samples = await scraped(host)
    turns = "kelpie_turns_total"
    assert of_kind(samples, turns, "one", outcome="reply") == 1
    other = value(samples, turns, namespace="(other)", kind="(other)", outcome="reply")
    assert other == 2
    kinds = {dict(labels).get("kind") for _, labels in samples}
    assert kinds == {None, "one", "(other)"}


async def test_no_key_is_a_label(host: Host) -> None:
    await host.ask("POST", "/v1/actors/counter/very-private/increment")
    assert b"very-private" not in (await host.ask("GET", "/metrics")).body


async def test_openmetrics_for_whoever_accepts_it(host: Host) -> None:
    accepted = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    answer = await host.ask("GET", "/metrics", Accept=accepted)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


async def test_it_is_only_to_be_read(host: Host) -> None:
    assert (await host.ask("POST", "/metrics")).code == "method-not-allowed"
    assert (await host.ask("HEAD", "/metrics")).status == 200


async def test_two_hosts_count_apart(tmp_path: Path, cache: Path) -> None:
    async with running(tmp_path / "a", cache) as one, running(tmp_path / "b", cache) as two:
        await one.deploy("counter", COUNTER)
        await one.ask("POST", "/v1/actors/counter/bob/increment")
        assert of_kind(await scraped(one), "kelpie_commits_total", "counter") == 1
        assert "counter" not in str(await scraped(two))

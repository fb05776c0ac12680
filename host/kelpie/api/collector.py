"""What the host has counted, as Prometheus names it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator

from prometheus_client.core import Metric

from kelpie import __version__
from kelpie.api.families import (
    KIND,
    add_by_code,
    add_counts,
    add_seconds,
    by_kind,
    counter,
    gauge,
    histogram,
    plain_counter,
    plain_gauge,
)
from kelpie.meters.http import HttpMeter
from kelpie.meters.log import LogMeter
from kelpie.runtime.host import Runtime
from kelpie.runtime.requests.message import Stage

__all__ = ["HostCollector"]


class HostCollector:
    """Reads one host's meters. Called in the loop's thread, when somebody asks.

    Labels are namespaces, kinds and codes, all of them bounded; never a key.
    """

    def __init__(
        self, runtime: Runtime, http: HttpMeter, log: LogMeter, connections: Callable[[], int]
    ) -> None:
        self._runtime = runtime
        self._http = http
        self._log = log
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """Every metric, in the order of `docs/operations.md`."""
        yield _build_info()
        yield from self._turns()
        yield from self._requests()
        yield from self._actors()
        yield from self._letters()
        yield from self._store()
        yield from self._served()

    def _turns(self) -> Iterator[Metric]:
        meters = self._runtime.node.meters
        kinds = meters.kinds
        turns = counter("turns", "Turns that ended, by outcome", (*KIND, "outcome"))
        rejections = counter("turn_rejections", "Turns that the actor refused", (*KIND, "code"))
        failures = counter("turn_failures", "Turns that failed", (*KIND, "code"))
        durations = histogram(
            "turn_duration_seconds", "From when a turn came until its guest ended", KIND
        )
        for name, meter in kinds.items():
            rejected, failed = sum(meter.rejections.values()), sum(meter.failures.values())
            turns.add_metric((*name, "reply"), meter.replied)
            turns.add_metric((*name, "rejection"), rejected)
            turns.add_metric((*name, "failure"), failed)
            add_by_code(rejections, name, meter.rejections)
            add_by_code(failures, name, meter.failures)
            add_seconds(durations, name, meter.durations_ns)
        yield from (turns, durations, rejections, failures)
        yield by_kind("turn_fuel", "Fuel that turns used", kinds, lambda meter: meter.fuel)
        yield by_kind(
            "requests_repeated",
            "Requests answered from their record, without a turn",
            kinds,
            lambda meter: meter.repeated,
        )
        yield by_kind("commits", "Commits of an actor", kinds, lambda meter: meter.commits)
        grouped = histogram("commit_turns", "Turns of one actor that went into one commit")
        add_counts(grouped, meters.commit_turns)
        yield grouped
        yield by_kind(
            "actor_activations",
            "Actors that were loaded from the store",
            kinds,
            lambda meter: meter.activations,
        )
        yield by_kind(
            "instances_made", "Instances that were made", kinds, lambda meter: meter.instances_made
        )

    def _requests(self) -> Iterator[Metric]:
        by_stage = dict.fromkeys(Stage, 0)
        queued: dict[tuple[str, str], int] = dict.fromkeys(self._runtime.node.meters.kinds, 0)
        for (namespace, kind, stage), count in self._runtime.stages().items():
            by_stage[stage] += count
            if stage is Stage.QUEUED:
                name = self._runtime.node.meters.name(namespace, kind)
                queued[name] = queued.get(name, 0) + count
        outstanding = gauge("requests_outstanding", "Requests not yet answered", ("stage",))
        for stage, count in by_stage.items():
            if stage is not Stage.SETTLED:
                outstanding.add_metric((stage.name.lower(),), count)
        waiting = gauge("mailbox_requests", "Requests that wait for their turn", KIND)
        for name, count in queued.items():
            waiting.add_metric(name, count)
        yield from (outstanding, waiting)
        yield plain_gauge(
            "calls_waiting",
            "Actors that wait in the middle of a turn for another one",
            self._runtime.reception.calls.waiting,
        )

    def _actors(self) -> Iterator[Metric]:
        runtime = self._runtime
        instances = runtime.instances
        active = gauge("actors_active", "Actors that are loaded", KIND)
        for name, meter in runtime.node.meters.kinds.items():
            active.add_metric(name, meter.activations - meter.ended)
        yield active
        yield plain_gauge(
            "actors_state_bytes", "State of active actors in memory, about", runtime.state_bytes
        )
        yield plain_gauge("instances_live", "Instances that live", len(instances))
        yield plain_gauge(
            "instances_memory_bytes", "Memory that live instances take", instances.memory_bytes
        )
        yield plain_counter(
            "instances_dropped", "Instances dropped to make room", instances.dropped
        )

    def _letters(self) -> Iterator[Metric]:
        meter, mail = self._runtime.node.meters.letters, self._runtime.mail
        outcomes = counter("letters", "One-way messages at their receivers", ("outcome",))
        for outcome, count in (
            ("delivered", meter.delivered),
            ("dead", meter.dead),
            ("repeated", meter.repeated),
            ("tried-again", meter.tried_again),
        ):
            outcomes.add_metric((outcome,), count)
        yield outcomes
        yield plain_gauge("letters_in_flight", "Messages on their way", mail.courier.in_flight)
        yield plain_gauge("outboxes_open", "Outboxes that are delivered", len(mail.courier))
        yield plain_gauge("due_in_flight", "Reminders and delayed messages due", len(mail.alarm))

    def _store(self) -> Iterator[Metric]:
        store = self._runtime.node.store
        meter = store.meter
        grouped = histogram("store_batch_commits", "Commits that shared one fsync")
        add_counts(grouped, meter.batch_commits)
        yield grouped
        durations = histogram(
            "store_write_duration_seconds", "Time until a batch was durable, fsync included"
        )
        add_seconds(durations, (), meter.write_ns)
        yield durations
        yield plain_counter("store_written_bytes", "Keys and values written", meter.written_bytes)
        yield plain_counter(
            "store_batch_failures", "Batches that could not be written", meter.batch_failures
        )
        yield plain_gauge(
            "store_queue_bytes", "Commits that wait for the store", store.queued_bytes
        )

    def _served(self) -> Iterator[Metric]:
        http = self._http
        answers = counter("http_requests", "Answers, by class of status", ("status",))
        for digit, count in enumerate(http.by_class):
            if digit > 1:
                answers.add_metric((f"{digit}xx",), count)
        errors = counter("http_errors", "Answers that were errors, by code", ("code",))
        add_by_code(errors, (), http.errors)
        durations = histogram(
            "http_request_duration_seconds", "From a request's head to its answer"
        )
        add_seconds(durations, (), http.durations_ns)
        yield from (answers, errors, durations)
        yield plain_gauge("http_connections", "Open connections", self._connections())
        yield plain_counter("log_dropped", "Log entries dropped", self._log.dropped)


def _build_info() -> Metric:
    names = ("version", "python")
    built = gauge("build_info", "Always 1; its labels say what is running", names)
    built.add_metric((__version__, platform.python_version()), 1)
    return built

"""`GET /metrics`: the host's counts in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder

from kelpie.api.collector import HostCollector
from kelpie.env import Env
from kelpie.meters.http import HttpMeter
from kelpie.meters.log import LogMeter
from kelpie.runtime.host import Runtime

__all__ = ["Metrics"]


class Metrics:
    """What one host tells Prometheus. It has a registry of its own."""

    def __init__(
        self,
        env: Env,
        runtime: Runtime,
        http: HttpMeter,
        log: LogMeter,
        connections: Callable[[], int],
    ) -> None:
        self._env = env
        self._registry = CollectorRegistry()
        self._registry.register(HostCollector(runtime, http, log, connections))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    async def scrape(self, accept: str) -> tuple[str, bytes]:
        """The Content-Type and the text: Prometheus's own format, or OpenMetrics
        for whoever accepts it."""
        encode, content_type = choose_encoder(accept)
        # The counts belong to the loop's thread; to write them down takes
        # longer, and does not hold it up.
        read = _Read(list(self._registry.collect()))
        return content_type, await self._env.blocking(encode, read)


class _Read:
    """A collector of what was read already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics

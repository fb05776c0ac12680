"""Prometheus's kinds of metrics, made of plain counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from kelpie.meters.histogram import Histogram
from kelpie.meters.turns import KindMeter

__all__ = [
    "KIND",
    "add_by_code",
    "add_counts",
    "add_seconds",
    "by_kind",
    "counter",
    "gauge",
    "histogram",
    "plain_counter",
    "plain_gauge",
]

KIND = ("namespace", "kind")
"""The labels of what is counted for each kind."""

_NS_PER_S = 1_000_000_000


def counter(name: str, told: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(f"kelpie_{name}", told, labels=tuple(labels))


def gauge(name: str, told: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"kelpie_{name}", told, labels=tuple(labels))


def histogram(name: str, told: str, labels: Iterable[str] = ()) -> HistogramMetricFamily:
    return HistogramMetricFamily(f"kelpie_{name}", told, labels=tuple(labels))


def plain_counter(name: str, told: str, value: int) -> Metric:
    return CounterMetricFamily(f"kelpie_{name}", told, value=value)


def plain_gauge(name: str, told: str, value: int) -> Metric:
    return GaugeMetricFamily(f"kelpie_{name}", told, value=value)


def by_kind(
    name: str,
    told: str,
    kinds: Mapping[tuple[str, str], KindMeter],
    count: Callable[[KindMeter], int],
) -> Metric:
    family = counter(name, told, KIND)
    for label, meter in kinds.items():
        family.add_metric(label, count(meter))
    return family


def add_by_code(
    family: CounterMetricFamily, labels: tuple[str, ...], counts: Mapping[str, int]
) -> None:
    for code, count in counts.items():
        family.add_metric((*labels, code), count)


def add_counts(family: HistogramMetricFamily, counted: Histogram) -> None:
    family.add_metric((), _buckets(counted, 1), counted.total)


def add_seconds(family: HistogramMetricFamily, labels: tuple[str, ...], counted: Histogram) -> None:
    """Of a histogram that has nanoseconds."""
    family.add_metric(labels, _buckets(counted, _NS_PER_S), counted.total / _NS_PER_S)


def _buckets(counted: Histogram, unit: int) -> list[tuple[str, float]]:
    names = [repr(bound / unit) for bound in counted.bounds] + ["+Inf"]
    return list(zip(names, accumulate(counted.counts), strict=True))

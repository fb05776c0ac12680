"""`docs/operations.md` lists every metric of the host, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.core import Metric

from kelpie.api.collector import HostCollector
from kelpie.limits import DEFAULT_LIMITS
from kelpie.meters.http import HttpMeter
from kelpie.meters.log import LogMeter
from tests.runtime.scripted import ScriptedEngine
from tests.runtime.support import World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(kelpie_\w+)` \| (\w+) \| (.*?) \| .+ \|$", re.MULTILINE)


def _row(metric: Metric) -> tuple[str, str, str]:
    suffix = "_total" if metric.type == "counter" else ""
    labels: tuple[str, ...] = getattr(metric, "_labelnames", ())
    return metric.name + suffix, metric.type, ", ".join(f"`{name}`" for name in labels)


async def test_the_page_lists_what_there_is() -> None:
    world = World()
    runtime = world.make(ScriptedEngine(), DEFAULT_LIMITS).runtime
    metrics = list(HostCollector(runtime, HttpMeter(), LogMeter(), lambda: 0).collect())
    await world.close()
    assert all(metric.documentation for metric in metrics)
    assert ROW.findall(PAGE.read_text()) == [_row(metric) for metric in metrics]

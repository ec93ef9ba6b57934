"""The Grafana dashboard asks only for metrics that somebody writes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from console_fakes import COUNTS, LOAD, camera

from ray_app.console.metrics_text import metrics_text
from ray_app.domain.situation import SinkReport
from ray_app.live.messages import FrameCounts, Outcome
from ray_app.live.metrics import METRICS
from ray_app.video.live.status import StreamState

CLUSTER = Path(__file__).parents[2] / "cluster"
DASHBOARD: dict[str, Any] = json.loads((CLUSTER / "grafana" / "vigie.json").read_text("utf-8"))
SERVE = {  # seen on the metrics port of Ray 2.60
    "ray_serve_autoscaling_target_replicas",
    "ray_serve_deployment_error_counter_total",
    "ray_serve_deployment_processing_latency_ms_bucket",
    "ray_serve_deployment_queued_queries",
    "ray_serve_deployment_replica_healthy",
    "ray_serve_deployment_replica_starts_total",
    "ray_serve_deployment_request_counter_total",
}
NAME = re.compile(r"\b(?:ray_)?(?:vigie|serve)_\w+")


def written() -> set[str]:
    """Returns every metric this software and Serve write."""
    sinks = (SinkReport("file", 0, 1, 0, None),)
    text = metrics_text((camera(counts=FrameCounts(COUNTS.by_outcome)),), LOAD, sinks, 0.0)
    console = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    return {f"ray_{metric.name}" for metric in METRICS} | console | SERVE


def expressions() -> list[str]:
    asked = [t["expr"] for panel in DASHBOARD["panels"] for t in panel.get("targets", ())]
    return asked + [v["definition"] for v in DASHBOARD["templating"]["list"] if "definition" in v]


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_asked_for_is_written(expression: str) -> None:
    asked = set(NAME.findall(expression))
    assert asked
    assert asked <= written()


def test_every_metric_of_a_live_site_is_shown() -> None:
    shown = set(NAME.findall(" ".join(expressions())))
    assert {f"ray_{metric.name}" for metric in METRICS} <= shown


def test_labels_are_those_that_are_written() -> None:
    tags = {f"ray_{metric.name}": set(metric.tags) for metric in METRICS}
    for expression in expressions():
        for name, labels in re.findall(r"(ray_vigie_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)(?:=|!=)", labels)) <= tags[name], expression
    values = re.findall(r'outcome=~?"(\w+)"', " ".join(expressions()))
    assert set(values) <= set(Outcome)
    assert StreamState.LIVE in re.findall(r'state!="(\w+)"', " ".join(expressions()))


def test_panels_have_a_place_of_their_own_and_a_name() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_alarms_ask_only_for_metrics_that_are_written() -> None:
    text = (CLUSTER / "monitoring.yaml").read_text("utf-8")
    asked = set(re.findall(r"\b(?:ray_vigie|vigie_console)_\w+", text))
    assert asked
    assert asked <= written()

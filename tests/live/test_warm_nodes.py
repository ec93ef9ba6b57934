"""The fleet asks the scaling policy what Serve asks it, and hears the same."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ray_app.config.live_schema import DetectorsConfig, ScalingConfig
from ray_app.live.scaling_adapter import WarmNodes
from ray_app.live.serve_config import policy_kwargs
from ray_app.scaling.serve_policy import OFFERED, WARM_GPUS, ServePolicy

DETECTORS = DetectorsConfig(min_replicas=1, max_replicas=6, num_gpus=0.5)


@dataclass
class Sample:
    timestamp: float
    value: float


@dataclass
class Context:
    current_time: float
    target_num_replicas: int
    raw_metrics: dict
    policy_state: dict = field(default_factory=dict)


def test_the_same_numbers_give_the_same_decisions_as_in_serve():
    kwargs = policy_kwargs(ScalingConfig(work_per_s=10.0, hold_s=5.0), DETECTORS, Path())
    in_serve, beside = ServePolicy(**kwargs), WarmNodes(kwargs, DETECTORS)
    state, target = {}, 1
    for second, offered in enumerate([5.0, 20.0, 44.0, 44.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 200.0]):
        metrics = {OFFERED: {"r0": [Sample(second, offered)]}}
        wanted, state = in_serve(Context(float(second), target, metrics, state))
        bounded = max(1, min(6, wanted))
        decision = beside.decide(float(second), offered, target, ())
        assert decision.replicas == bounded
        assert decision.warm_gpus == min(6, state[WARM_GPUS])
        target = bounded
    assert target == 6


def test_nodes_are_asked_for_once_and_only_with_gpus(monkeypatch):
    asked = []

    def request(bundles):
        asked.append(bundles)

    monkeypatch.setattr("ray_app.live.scaling_adapter.request_resources", request)
    kwargs = policy_kwargs(ScalingConfig(), DETECTORS, Path())
    nodes = WarmNodes(kwargs, DETECTORS)
    for warm in (2, 2, 3):
        nodes.ask(warm, running=1)
    assert asked == [[{"GPU": 0.5, "CPU": 1.0}] * 2, [{"GPU": 0.5, "CPU": 1.0}] * 3]
    WarmNodes(kwargs, DetectorsConfig()).ask(4, running=1)
    assert len(asked) == 2


def test_nodes_that_replicas_hold_are_not_asked_for(monkeypatch):
    """Ray would keep as many idle ones for the request, beside those in use."""
    asked: list[int] = []
    monkeypatch.setattr(
        "ray_app.live.scaling_adapter.request_resources", lambda bundles: asked.append(len(bundles))
    )
    nodes = WarmNodes(policy_kwargs(ScalingConfig(), DETECTORS, Path()), DETECTORS)
    for warm, running in ((2, 2), (4, 2), (4, 3), (4, 4), (1, 4), (1, 1)):
        nodes.ask(warm, running)
    assert asked == [4, 0]


@pytest.mark.parametrize("policy", ["offered_load", "forecast"])
def test_policies_without_a_plan_need_no_more_than_the_site_file(policy):
    kwargs = policy_kwargs(ScalingConfig(policy=policy), DETECTORS, Path())
    assert WarmNodes(kwargs, DETECTORS).decide(0.0, 5.0, 1, ()).replicas >= 1

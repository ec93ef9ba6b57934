"""The fleet asks the scaling policy what Serve asks it, and hears the same."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ray_app.config.live_schema import DetectorsConfig, ScalingConfig
from ray_app.live.detector_deployment import DetectorReplica
from ray_app.live.scaling_adapter import WarmNodes
from ray_app.live.serve_config import policy_kwargs
from ray_app.live.stack import SiteLoad
from ray_app.scaling.serve_policy import COUNT, MOMENT, OFFERED, WARM_GPUS, ServePolicy

DETECTORS = DetectorsConfig(min_replicas=1, max_replicas=6, num_gpus=0.5)


@dataclass
class Sample:
    timestamp: float
    value: float


@dataclass
class Context:
    current_time: float
    target_num_replicas: int
    current_num_replicas: int
    raw_metrics: dict
    policy_state: dict = field(default_factory=dict)


def test_the_same_numbers_give_the_same_decisions_as_in_serve():
    kwargs = policy_kwargs(ScalingConfig(work_per_s=10.0, hold_s=5.0), DETECTORS, Path())
    in_serve, beside = ServePolicy(**kwargs), WarmNodes(kwargs, DETECTORS)
    state, target = {}, 1
    for second, offered in enumerate([5.0, 20.0, 44.0, 44.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 200.0]):
        metrics = {OFFERED: {"r0": [Sample(second, offered)]}}
        wanted, state = in_serve(Context(float(second), target, target, metrics, state))
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


def test_a_moment_that_is_told_moves_the_plan_alike_in_serve_and_beside():
    curve = {
        "start_s": 0.0,
        "step_s": 60.0,
        "offered_per_s": [5.0] * 20 + [50.0] * 60,
        "moments": {"kick_off": 1200.0},
    }
    fleet = {"work_per_s": 10.0, "min_replicas": 1, "max_replicas": 6}
    kwargs = {"policy": "event_plan", "settings": {"fleet": fleet, "curve": curve}, "zero_s": 1e6}
    answers = {}
    for name, moments in (("as planned", ()), ("an hour late", (("kick_off", 1e6 + 4800.0),))):
        in_serve, beside = ServePolicy(**kwargs), WarmNodes(kwargs, DETECTORS)
        metrics = {OFFERED: {"r0": [Sample(1e6 + 1100, 5.0)]}}
        metrics |= {MOMENT + key: {"r0": [Sample(1e6 + 1100, at)]} for key, at in moments}
        wanted, state = in_serve(Context(1e6 + 1100, 1, 1, metrics))
        decision = beside.decide(1e6 + 1100, 5.0, 1, (), moments)
        assert decision.replicas == max(1, min(6, wanted))
        assert decision.warm_gpus == min(6, state[WARM_GPUS])
        answers[name] = max(decision.replicas, decision.warm_gpus)
    assert answers["as planned"] > answers["an hour late"]


CURVE = {
    "start_s": 0.0,
    "step_s": 10.0,
    "offered_per_s": [5.0] * 100 + [50.0] * 300,
    "moments": {"kick_off": 1000.0},
}
FLEET = {"work_per_s": 10.0, "min_replicas": 1, "max_replicas": 6}


def planned_nodes(**leads) -> WarmNodes:
    settings = {"fleet": FLEET, "curve": CURVE, "margin_s": 0.0, "hold_s": 0.0, **leads}
    policy = {"policy": "event_plan", "settings": settings, "zero_s": 1e6}
    return WarmNodes(policy, DETECTORS)


@pytest.mark.parametrize(("running", "warm"), [(4, 4), (3, 5)])
def test_a_node_that_does_not_come_is_asked_for_again_alike_in_serve_and_beside(running, warm):
    flat = {**CURVE, "offered_per_s": [35.0] * 400}
    kwargs = {"policy": "event_plan", "settings": {"fleet": FLEET, "curve": flat}, "zero_s": 1e6}
    in_serve, beside = ServePolicy(**kwargs), WarmNodes(kwargs, DETECTORS)
    state = {}
    for second in range(0, 400, 10):
        now_s = 1e6 + second
        metrics = {OFFERED: {"r0": [Sample(now_s, 35.0)]}}
        replicas, state = in_serve(Context(now_s, 4, running, metrics, state))
        decision = beside.decide(now_s, 35.0, running, ())
    assert replicas == decision.replicas == 4
    assert decision.warm_gpus == state[WARM_GPUS] == warm


def test_a_back_fill_hears_of_the_planned_rise_within_its_lead():
    nodes = planned_nodes(replica_lead_s=10.0, node_lead_s=200.0)
    heard = {
        lead_s: nodes.signal(SiteLoad(1e6 + 900, 5.0), 1, lead_s).need for lead_s in (30.0, 100.0)
    }
    assert (heard[30.0].now, heard[30.0].soon) == (1, 1)
    assert (heard[100.0].now, heard[100.0].soon) == (1, 6)
    assert heard[30.0].warm == 6  # nodes come earlier, and are lent meanwhile


def test_what_a_back_fill_asks_changes_no_decision():
    asked, alone = (planned_nodes(replica_lead_s=10.0, node_lead_s=200.0) for _ in range(2))
    for second in range(800, 1200, 2):
        offered = 5.0 if second < 1000 else 40.0
        asked.signal(SiteLoad(1e6 + second + 1, 3 * offered), 1, 60.0)
        decisions = [n.decide(1e6 + second, offered, 1, ()) for n in (asked, alone)]
        assert decisions[0] == decisions[1]


def test_before_any_load_is_known_nothing_is_lent():
    need = planned_nodes().signal(SiteLoad(), 1, 60.0).need
    assert (need.now, need.soon, need.warm) == (6, 6, 0)


def test_a_slot_of_the_back_fill_is_what_a_replica_takes():
    kwargs = policy_kwargs(ScalingConfig(work_per_s=10.0), DETECTORS, Path())
    signal = WarmNodes(kwargs, DETECTORS).signal(SiteLoad(1e6, 20.0), 1, 60.0)
    assert (signal.slot.cpus, signal.slot.gpus) == (1.0, 0.5)
    cpus = DetectorsConfig(max_replicas=6, num_cpus=2.0)
    signal = WarmNodes(kwargs, cpus).signal(SiteLoad(1e6, 20.0), 1, 60.0)
    assert (signal.slot.cpus, signal.slot.gpus, signal.need.warm) == (2.0, 0.0, 0)


def test_replicas_repeat_the_moments_to_serve():
    replica = DetectorReplica(())
    told = (("kick_off", 1_795_640_400.0),)
    replica._load = SiteLoad(time.time(), 12.0, (("gate/queue", 7.0),), told)
    stats = replica.record_autoscaling_stats()
    assert stats == {OFFERED: 12.0, COUNT + "gate/queue": 7.0, MOMENT + "kick_off": told[0][1]}

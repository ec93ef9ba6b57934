"""Ray's own decision code, on our clock, answers what the simulator was written for.

It fails loudly when Ray moves: run it first after any change of Ray's version.
"""

import time

import numpy as np
import pytest
import ray
import ray.serve._private.autoscaling_state as state_module
from ray.serve._private.common import (
    RUNNING_REQUESTS_KEY,
    DeploymentHandleSource,
    HandleMetricReport,
    ReplicaID,
    TimeStampedValue,
)
from ray.serve._private.config import DeploymentConfig
from ray.serve._private.deployment_info import DeploymentInfo

from ray_app.scaling.serve_policy import SHADOWS, WARM_GPUS
from ray_app.simulator.machines import NodeType
from ray_app.simulator.node_demand import NodeDemand, NodeView, PlainNodeScheduler
from ray_app.simulator.ray_adapter.nodes import RayNodeScheduler
from ray_app.simulator.ray_adapter.serve import (
    DEPLOYMENT,
    EPOCH_S,
    RayMovedError,
    SimulatedServe,
    simulated_clock,
)
from ray_app.simulator.serve_settings import NEUTRAL, OUR_CLASS, ServedPolicy

FLEET = {"work_per_s": 100.0, "min_replicas": 1, "max_replicas": 50}
OFFERED_LOAD = {"policy": "offered_load", "settings": {"fleet": FLEET, "utilisation": 0.8}}
PLAN = {
    "policy": "event_plan",
    "settings": {
        "fleet": FLEET,
        "curve": {"start_s": 0, "step_s": 10, "offered_per_s": [500.0] * 200 + [2000.0] * 200},
    },
}
LATEST = PLAN["settings"]["curve"] | {"moments": {"kick_off": 2000.0}}


@pytest.fixture
def clock():
    with simulated_clock() as simulated:
        yield simulated


def ours(**kwargs) -> ServedPolicy:
    return ServedPolicy("ours", OUR_CLASS, {"zero_s": EPOCH_S, **kwargs}, NEUTRAL)


def test_the_installed_ray_is_the_one_written_for() -> None:
    assert ray.__version__.startswith("2.60.")
    assert not ray.is_initialized()


def test_another_ray_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "__version__", "2.61.0")
    with pytest.raises(RayMovedError, match=r"ray 2\.60\.x, found 2\.61\.0"), simulated_clock():
        pass


def test_rays_clock_is_given_back() -> None:
    with simulated_clock():
        assert state_module.time is not time
    assert state_module.time is time


def test_the_default_policy_divides_by_its_target_after_its_delay(clock) -> None:
    serve = SimulatedServe(ServedPolicy("ray"), clock, 4, 50)
    serve.set_running(range(4))
    decided = {}
    for second in range(120):
        clock.set(float(second))
        if second % 10 == 0:
            serve.push_queue([float(second)], [4.0], [16.0])
        decided[second] = serve.decide().target
    # 20 ongoing requests over a target of 2, once the up delay of 30 s has passed.
    assert decided[119] == 10
    assert {decided[s] for s in range(29)} == {4}
    assert decided[35] == 10


def test_bounds_are_serves(clock) -> None:
    serve = SimulatedServe(ServedPolicy("ray", knobs={"upscale_delay_s": 0.0}), clock, 4, 12)
    serve.set_running(range(4))
    for second in range(60):
        clock.set(float(second))
        serve.push_queue([float(second)], [500.0], [16.0])
        target = serve.decide().target
    assert target == 12


def test_our_policy_decides_on_offered_work_alone(clock) -> None:
    serve = SimulatedServe(ours(**OFFERED_LOAD), clock, 4, 50)
    serve.set_running(range(4))
    clock.set(0.0)
    serve.push_queue([0.0], [900.0], [900.0])
    serve.push_stats({"offered_work_per_s": 800.0})
    assert serve.decide().target == 10


def test_load_told_long_ago_is_unknown_and_the_target_is_held(clock) -> None:
    serve = SimulatedServe(ours(**OFFERED_LOAD), clock, 4, 50)
    serve.set_running(range(4))
    clock.set(0.0)
    serve.push_stats({"offered_work_per_s": 800.0})
    assert serve.decide().target == 10
    clock.set(3600.0)
    assert serve.decide().target == 10


def test_moments_and_warm_gpus_pass_through_serve(clock) -> None:
    settings = PLAN["settings"] | {"curve": LATEST}
    serve = SimulatedServe(
        ours(policy="event_plan", settings=settings, shadows={"plain": OFFERED_LOAD}), clock, 6, 50
    )
    serve.set_running(range(6))
    clock.set(1800.0)
    serve.push_stats({"offered_work_per_s": 500.0})
    soon = serve.decide()
    assert soon.state[WARM_GPUS] >= 20 > soon.target
    assert soon.state[SHADOWS]["plain"][0].replicas == 7
    late = SimulatedServe(ours(policy="event_plan", settings=settings), clock, 6, 50)
    late.set_running(range(6))
    late.push_stats({"offered_work_per_s": 500.0, "moment.kick_off": EPOCH_S + 3800.0})
    assert late.decide().state[WARM_GPUS] < 10


def test_serve_adds_no_delay_to_neutral_settings(clock) -> None:
    serve = SimulatedServe(ours(**OFFERED_LOAD), clock, 4, 50)
    serve.set_running(range(4))
    targets = []
    for second, offered in enumerate([800.0, 2400.0, 800.0] + [800.0] * 140):
        clock.set(float(second))
        serve.push_stats({"offered_work_per_s": offered})
        targets.append(serve.decide().target)
        serve.set_running(range(targets[-1]))
    assert targets[:3] == [10, 30, 30]
    assert targets[121] == 30
    assert targets[123] == 10


class _OneSeriesPerReplica:
    """What a real handle sends: a series of every replica of its own."""

    def __init__(self, config, clock, first: int) -> None:
        self._clock = clock
        self.state = state_module.DeploymentAutoscalingState(DEPLOYMENT)
        info = DeploymentInfo(
            deployment_config=DeploymentConfig(autoscaling_config=config),
            replica_config=None,
            start_time_ms=0,
            deployer_job_id="",
            version="1",
        )
        self.target = self.state.register(info, first)
        self.running: list[int] = []
        self.reports = 0

    def set_running(self, replicas: list[int]) -> None:
        for number in set(self.running) - set(replicas):
            self.state.on_replica_stopped(ReplicaID(f"r{number}", DEPLOYMENT))
        self.running = replicas
        ids = [ReplicaID(f"r{number}", DEPLOYMENT) for number in replicas]
        self.state.update_running_replica_ids(ids)

    def push(self, times_s, queued, running) -> None:
        self.reports += 1
        each = [TimeStampedValue(EPOCH_S + t, v / len(self.running)) for t, v in
                zip(times_s, running, strict=True)]  # fmt: skip
        ids = [ReplicaID(f"r{number}", DEPLOYMENT).to_full_id_str() for number in self.running]
        self.state.record_request_metrics_for_handle(
            HandleMetricReport(
                deployment_id=DEPLOYMENT,
                handle_id="readers",
                actor_id="fleet",
                handle_source=DeploymentHandleSource.UNKNOWN,
                queued_requests=[
                    TimeStampedValue(EPOCH_S + t, v) for t, v in zip(times_s, queued, strict=True)
                ],
                metrics={RUNNING_REQUESTS_KEY: {one: list(each) for one in ids}},
                timestamp=self._clock.now_s + 1e-6 * self.reports,
            )
        )

    def decide(self) -> int:
        before = self.target
        self.target = self.state.get_decision_num_replicas(before)
        return self.target


@pytest.mark.parametrize("seed", range(4))
def test_one_series_decides_as_one_per_replica(clock, seed: int) -> None:
    rng = np.random.default_rng(seed)
    knobs = {"upscale_delay_s": 4.0, "downscale_delay_s": 9.0, "look_back_period_s": 12.0}
    together = SimulatedServe(ServedPolicy("ray", knobs=knobs), clock, 5, 60)
    apart = _OneSeriesPerReplica(together.config, clock, 5)
    running, load, changes = list(range(5)), 20.0, 0
    samples: list[tuple[float, float, float]] = []
    for second in range(400):
        clock.set(float(second))
        load = max(1.0, load + rng.normal(0, 3))
        if rng.random() < 0.05:
            changes += 1
            running = list(range(len(running) // 2, len(running) + int(rng.integers(1, 6))))
        together.set_running(running)
        apart.set_running(list(running))
        samples.append((float(second), load / 3, load))
        if second % 10 == 0:
            series = list(zip(*samples[-12:], strict=True))
            together.push_queue(*series)
            apart.push(*series)
        assert together.decide().target == apart.decide(), second
    assert changes > 5


class _Hill:
    """A user's own policy, as Serve takes it."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, ctx):
        return min(self._most, ctx.target_num_replicas + 1), {}


def test_a_users_own_policy_runs_unchanged(clock) -> None:
    own = ServedPolicy("own", f"{__name__}:_Hill", {"most": 9}, {"upscale_delay_s": 0.0})
    serve = SimulatedServe(own, clock, 2, 50)
    serve.set_running(range(2))
    for second in range(20):
        clock.set(float(second))
        target = serve.decide().target
    assert target == 9


TYPES = (
    NodeType(name="one", gpus=1, max_nodes=8, price_per_h=1.0, price_source="test"),
    NodeType(name="four", gpus=4, max_nodes=4, price_per_h=3.5, price_source="test"),
)
FOUR = (NodeType(name="four", gpus=4, max_nodes=6, price_per_h=3.5, price_source="test"),)


@pytest.mark.parametrize(
    ("pending", "launches"), [(0, (0, 0)), (1, (1, 0)), (4, (0, 1)), (8, (0, 2)), (40, (8, 4))]
)
def test_rays_node_scheduler_packs_pending_replicas(pending: int, launches) -> None:
    assert RayNodeScheduler(TYPES).launches(NodeDemand(pending, 0, ())) == launches


def test_warm_gpus_are_asked_for_before_any_replica() -> None:
    nodes = (NodeView(0, 0, True), NodeView(0, 4, True), NodeView(0, 4, False))
    scheduler = RayNodeScheduler(FOUR)
    assert scheduler.launches(NodeDemand(0, 12, nodes)) == (0,)
    assert scheduler.launches(NodeDemand(0, 20, nodes)) == (2,)


def test_nodes_on_their_way_are_counted() -> None:
    nodes = (NodeView(0, 4, False),)
    assert RayNodeScheduler(FOUR).launches(NodeDemand(4, 0, nodes)) == (0,)
    assert RayNodeScheduler(FOUR).launches(NodeDemand(5, 0, nodes)) == (1,)


def test_the_plain_rule_launches_as_ray_does_with_one_type() -> None:
    rng = np.random.default_rng(3)
    plain, real = PlainNodeScheduler(FOUR), RayNodeScheduler(FOUR)
    for _ in range(60):
        up = tuple(
            NodeView(0, int(rng.integers(0, 5)), True) for _ in range(int(rng.integers(0, 4)))
        )
        booting = (NodeView(0, 4, False),) * int(rng.integers(0, 2))
        demand = NodeDemand(int(rng.integers(0, 12)), int(rng.integers(0, 16)), up + booting)
        assert plain.launches(demand) == real.launches(demand), demand

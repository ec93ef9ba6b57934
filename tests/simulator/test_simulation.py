"""Whole days: policies, machines and data path together, small enough to reason about."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ray_app.config.event_file import load_event
from ray_app.scaling.input_steps import HOLD_S
from ray_app.simulator.cluster import Cluster
from ray_app.simulator.fluid import FluidPlane
from ray_app.simulator.line_up import line_up, oracle, ours, ray_default
from ray_app.simulator.machines import SpotSettings
from ray_app.simulator.node_demand import PlainNodeScheduler
from ray_app.simulator.prewarm import prewarm_schedule
from ray_app.simulator.scenario import SCENARIOS, draw_trace
from ray_app.simulator.serve_settings import DataPath, ServedPolicy
from ray_app.simulator.service import SmallerInput
from ray_app.simulator.simulation import Engine, NodeRule, draw_day, simulate


@pytest.fixture
def profile(event_file: Path):
    return load_event(event_file)


def day_of(profile, name: str = "as_planned", seed: int = 1):
    return draw_day(profile, name, SCENARIOS[name], seed)


def with_machines(profile, **changes):
    machines = profile.machines
    node = dataclasses.replace(machines.nodes[0], **changes)
    return dataclasses.replace(profile, machines=dataclasses.replace(machines, nodes=(node,)))


@pytest.mark.parametrize("engine", list(Engine))
def test_every_policy_accounts_for_every_tile(profile, engine: Engine) -> None:
    day = day_of(profile, "evacuation")
    for served in line_up(profile)[:: 1 if engine is Engine.FLUID else 3]:
        outcome = simulate(day, served, engine)
        parts = outcome.served + outcome.shed + outcome.dropped + outcome.in_flight
        assert parts == pytest.approx(outcome.offered, rel=1e-6), served.name
        assert sum(zone.missed for zone in outcome.zones) == pytest.approx(outcome.missed, abs=1e-3)
        told = sum(dataclasses.asdict(outcome.causes).values())
        assert told == pytest.approx(outcome.missed, abs=1e-3), served.name
        assert outcome.series.missed.sum() == pytest.approx(outcome.missed, abs=1e-3)


def test_engines_agree_on_a_whole_day(profile) -> None:
    for served in (ray_default(), ours("offered_load", profile)):
        fluid, exact = (simulate(day_of(profile), served, engine) for engine in Engine)
        bound = max(0.0002, 0.05 * exact.missed_share)
        assert abs(fluid.missed_share - exact.missed_share) <= bound
        assert fluid.p95_s == pytest.approx(exact.p95_s, rel=0.05)
        assert fluid.gpu_h == pytest.approx(exact.gpu_h, rel=0.05)


def test_engines_agree_on_what_a_back_fill_gets_for_nothing(profile) -> None:
    served = ours("event_plan", profile)
    fluid, exact = (simulate(day_of(profile), served, engine) for engine in Engine)
    assert 0 < fluid.idle_gpu_h < fluid.gpu_h
    assert fluid.idle_gpu_h == pytest.approx(exact.idle_gpu_h, rel=0.05)


@pytest.mark.parametrize(
    ("replicas", "warm", "reserve", "gpus"),
    [
        (3, 0, 0, 1),  # two nodes of two; one GPU beside a replica
        (3, 0, 1, 0),
        (4, 0, 0, 0),
        (2, 0, 0, 0),  # the emptied node is given back, so nobody may work there
        (2, 4, 0, 2),  # unless the plan keeps it warm
        (2, 4, 1, 1),
        (2, 2, 0, 0),
    ],
)
def test_only_gpus_that_are_paid_anyway_are_free_of_charge(
    profile, replicas, warm, reserve, gpus
) -> None:
    machines = dataclasses.replace(profile.machines, backfill_reserve=reserve)
    scheduler = PlainNodeScheduler(machines.nodes)
    cluster = Cluster(machines, profile.service, scheduler, np.random.default_rng(1))
    cluster.begin(0.0, 4)
    cluster.want(1.0, replicas, warm)
    cluster.note_idle(1.0)
    assert cluster.bill.idle_gpu_s == gpus


def test_the_same_seed_is_the_same_day_for_every_policy(profile) -> None:
    one, other = (draw_trace(profile, SCENARIOS["late_crowd"], 5) for _ in range(2))
    assert (one.work_per_s == other.work_per_s).all()
    assert (draw_trace(profile, SCENARIOS["late_crowd"], 6).work_per_s != one.work_per_s).any()


def test_the_plan_scales_before_the_crowd_and_reaction_after_it(profile) -> None:
    slow = with_machines(
        profile, boot=dataclasses.replace(profile.machines.nodes[0].boot, failure=0.0)
    )
    plan, reaction = (
        simulate(day_of(slow), ours(name, slow)) for name in ("event_plan", "offered_load")
    )
    assert plan.missed_share < reaction.missed_share
    early = np.argmax(plan.series.target >= 12), np.argmax(reaction.series.target >= 12)
    assert early[0] < early[1]


def test_warm_gpus_are_bought_before_replicas_need_them(profile) -> None:
    series = simulate(day_of(profile), ours("event_plan", profile)).series
    rising = series.paid_gpus - (series.running + series.starting + series.pending)
    assert rising[100:1200].max() >= 2


def test_a_quota_is_never_exceeded_and_told_as_cause(profile) -> None:
    short = with_machines(profile, max_nodes=4)
    outcome = simulate(day_of(short), ours("event_plan", short))
    assert outcome.series.paid_gpus.max() <= 8
    assert outcome.missed > 0
    assert outcome.causes.quota + outcome.causes.policy == pytest.approx(outcome.missed, rel=0.2)


def test_a_quota_costs_no_frame_of_an_alarmed_camera(profile) -> None:
    short = with_machines(profile, max_nodes=4)
    shedding = simulate(day_of(short), ours("offered_load", short))
    assert shedding.missed > 0
    assert shedding.missed_alarmed <= 1e-6 * shedding.offered_alarmed
    blind = ServedPolicy("fifo", knobs={"upscale_delay_s": 0.0}, path=DataPath.FIFO)
    assert simulate(day_of(short), blind).missed_alarmed > 0


def test_the_least_important_zone_gives_up_frames_first(profile) -> None:
    outcome = simulate(day_of(with_machines(profile, max_nodes=5)), ours("offered_load", profile))
    share = {zone.zone: zone.missed / zone.offered for zone in outcome.zones}
    assert share["bowl"] > share["gates"]


@pytest.mark.parametrize("engine", list(Engine))
def test_smaller_inputs_keep_watching_what_a_quota_would_blind(profile, engine: Engine) -> None:
    short = with_machines(profile, max_nodes=2)
    smaller = dataclasses.replace(
        short.service, smaller_inputs=(SmallerInput(input_px=320, cost=0.5),)
    )
    relieved = dataclasses.replace(short, service=smaller)
    without, reduced = (
        simulate(day_of(one), ours("offered_load", one), engine) for one in (short, relieved)
    )
    assert without.reduced == 0
    assert 0 < reduced.reduced < reduced.served
    assert reduced.missed < 0.95 * without.missed
    assert reduced.missed_alarmed <= without.missed_alarmed + 1e-6
    parts = reduced.served + reduced.shed + reduced.dropped + reduced.in_flight
    assert parts == pytest.approx(reduced.offered, rel=1e-6)


def test_the_usual_input_comes_back_only_where_it_lasts(profile, monkeypatch) -> None:
    short = with_machines(profile, max_nodes=2)
    sizes = (SmallerInput(input_px=480, cost=0.7), SmallerInput(input_px=320, cost=0.5))
    short = dataclasses.replace(
        short, service=dataclasses.replace(short.service, smaller_inputs=sizes)
    )
    places, plain = [], FluidPlane.step

    def step(plane, second, running, kept):
        places.append(0 if kept is None else kept.place)
        return plain(plane, second, running, kept)

    monkeypatch.setattr(FluidPlane, "step", step)
    day = day_of(short)
    seconds = np.arange(day.trace.seconds)
    swings = np.where(seconds < 1000, np.where(seconds % 10 < 5, 0.7, 1.3), 0.1)
    swinging = dataclasses.replace(
        day.trace, work_per_s=day.trace.work_per_s * swings[:, np.newaxis]
    )
    simulate(dataclasses.replace(day, trace=swinging), ours("offered_load", short))
    moves = [k for k in range(1, len(places)) if places[k] != places[k - 1]]
    back = [k for k in moves if places[k] < places[k - 1]]
    assert max(places) == 2
    assert places[-1] == 0
    assert all(places[k] == places[k - 1] - 1 for k in back)
    for k in back:
        assert k - max(m for m in moves if m < k) >= HOLD_S


def test_nodes_that_never_come_are_asked_for_again(profile) -> None:
    boot = dataclasses.replace(
        profile.machines.nodes[0].boot, failure=0.5, failure_seen_s=60.0, median_s=30.0
    )
    outcome = simulate(day_of(with_machines(profile, boot=boot)), ours("event_plan", profile))
    assert outcome.failed_launches >= 3
    assert outcome.series.running.max() >= 10


def test_lost_spot_nodes_are_replaced_and_cheaper(profile) -> None:
    spot = SpotSettings(price_factor=0.35, losses_per_h=6.0, notice_s=30.0)
    outcome = simulate(day_of(with_machines(profile, spot=spot)), ours("event_plan", profile))
    assert outcome.losses > 5
    assert outcome.money == pytest.approx(0.35 * outcome.gpu_h, rel=0.1)
    assert outcome.series.running[600:].max() >= 4


def test_a_stock_out_waits(profile) -> None:
    none = with_machines(profile, out_of_stock_min=(-30, 60))
    outcome = simulate(day_of(none), ours("event_plan", none))
    assert outcome.launches == 0


def test_rays_node_scheduler_gives_the_plain_rules_day(profile) -> None:
    plain, real = (
        simulate(day_of(profile), ours("offered_load", profile), nodes=rule)
        for rule in (NodeRule.PLAIN, NodeRule.RAY)
    )
    assert real.gpu_h == pytest.approx(plain.gpu_h, rel=0.05)
    assert abs(real.missed_share - plain.missed_share) < 0.002


def test_money_is_gpu_hours_at_the_price(profile) -> None:
    outcome = simulate(day_of(profile), ray_default())
    assert outcome.money == pytest.approx(outcome.gpu_h / 2 * 2.0, rel=1e-6)
    assert outcome.gpu_h >= outcome.series.running.sum() / 3600


def test_the_clairvoyant_is_cheapest_and_misses_least(profile) -> None:
    reliable = with_machines(
        profile, boot=dataclasses.replace(profile.machines.nodes[0].boot, failure=0.0)
    )
    best = simulate(day_of(reliable), oracle(reliable))
    plan = simulate(day_of(reliable), ours("event_plan", reliable))
    assert best.gpu_h < plan.gpu_h
    assert best.missed_share < 0.001


def test_people_are_asked_to_warm_up_before_they_are_needed(profile) -> None:
    steps = prewarm_schedule(profile)
    assert steps[0].at_s == -1800
    assert all(step.gpus % 2 == 0 for step in steps)
    peak = max(steps, key=lambda step: step.gpus)
    assert peak.at_s < -12 * 60
    assert all(step.replicas <= step.gpus for step in steps)

"""Every policy answers small loads as one would by hand; broken plans fall back to reaction."""

import dataclasses

import numpy as np
import pytest

from ray_app.domain.ranges import SettingsError
from ray_app.scaling import event_plan, forecast, offered_load, schedule
from ray_app.scaling.fleet import FleetSettings, HeldPeak, hold_peak, replicas_for
from ray_app.scaling.load import Anchor, Count, Decision, Load
from ray_app.scaling.overdue_nodes import Asked, ask, overdue
from ray_app.scaling.plan_curve import PlanCurve, PlannedCount, planned_time_s
from ray_app.scaling.plan_fit import Measured, Prior, fit_plan
from ray_app.scaling.plan_trust import SURGE_ROOM, Samples
from ray_app.scaling.policy_kinds import (
    POLICIES,
    curve_from_json,
    curve_to_json,
    kind_of,
    settings_from_json,
)

FLEET = FleetSettings(work_per_s=100.0, min_replicas=1, max_replicas=50)
STEP_S = 10.0
KICK_OFF_S = 3600.0


def ramp(times_s: np.ndarray) -> np.ndarray:
    """200 tiles/s, up to 2,000 around the kick-off and back."""
    return 200 + 1800 * np.exp(-0.5 * ((times_s - KICK_OFF_S) / 600) ** 2)


CURVE = PlanCurve(
    0.0,
    STEP_S,
    ramp(np.arange(0.0, 7200.0, STEP_S)),
    (Anchor("kick_off", KICK_OFF_S), Anchor("end", 6600.0)),
)


def plan_settings(**changes: float) -> event_plan.EventPlanSettings:
    return event_plan.EventPlanSettings(fleet=FLEET, curve=CURVE, **changes)


def follow(work, settings, until_s=7200, anchors=lambda _time_s: (), step_s=10):
    """Asks the event plan every step; returns decisions and the last memory."""
    memory, target, decisions = event_plan.EventPlanMemory(), 1, {}
    for time_s in range(0, until_s, step_s):
        offered = work(float(time_s))
        load = Load(float(time_s), offered, target, anchors(time_s))
        decision, memory = event_plan.decide(load, memory, settings)
        target, decisions[time_s] = decision.replicas, decision
    return decisions, memory


@pytest.mark.parametrize(
    ("offered", "utilisation", "replicas"),
    [(0, 0.8, 1), (80, 0.8, 1), (81, 0.8, 2), (800, 0.8, 10), (1e6, 0.8, 50)],
)
def test_work_becomes_replicas(offered: float, utilisation: float, replicas: int) -> None:
    assert replicas_for(offered, utilisation, FLEET) == replicas


def test_a_peak_is_held_then_forgotten_in_steps() -> None:
    held, seen = HeldPeak(), []
    for time_s, need in [(0, 5), (10, 9), (20, 4), (30, 6), (69, 2), (71, 2), (91, 2)]:
        wanted, held = hold_peak(held, time_s, need, hold_s=60)
        seen.append(wanted)
    assert seen == [5, 9, 9, 9, 9, 6, 2]


@dataclasses.dataclass(frozen=True)
class Lead:
    replica_lead_s: float = 60.0
    node_lead_s: float = 240.0


def late_at(time_s: float, running: int | None, asked_s: dict[int, tuple[int, int]]) -> int:
    """Returns what is overdue when so many replicas and warm GPUs were asked for from then on."""
    asked, late = Asked(), 0
    for now_s in range(0, int(time_s) + 1, 2):
        replicas, warm = next(asked_s[at] for at in sorted(asked_s, reverse=True) if at <= now_s)
        asked = ask(asked, now_s, replicas, warm, Lead())
        late = overdue(asked, now_s, running, Lead())
    return late


def test_a_node_is_overdue_when_it_was_asked_for_longer_ago_than_it_takes() -> None:
    rise = {0: (8, 8), 400: (8, 12), 500: (12, 12)}
    assert late_at(630, 8, rise) == 0
    assert late_at(642, 8, rise) == 3  # a quarter of 12
    assert late_at(642, 10, rise) == 2
    assert late_at(642, 12, rise) == 0
    assert late_at(642, None, rise) == 0


def test_a_replica_that_was_only_just_asked_for_is_not_overdue() -> None:
    assert late_at(800, 8, {0: (8, 8), 400: (8, 12), 750: (12, 12)}) == 0
    assert late_at(812, 8, {0: (8, 8), 400: (8, 12), 750: (12, 12)}) == 3


def test_nothing_is_overdue_after_a_restart_or_once_it_is_wanted_no_more() -> None:
    assert late_at(238, 8, {0: (12, 12)}) == 0
    assert late_at(240, 8, {0: (12, 12)}) == 3
    assert late_at(700, 8, {0: (12, 12), 690: (8, 8)}) == 0


def test_where_most_is_missing_few_more_nodes_are_asked_for() -> None:
    assert late_at(400, 0, {0: (40, 40)}) == 10


def test_the_event_plan_asks_again_for_a_node_that_does_not_come() -> None:
    settings = plan_settings()

    def warm_at_the_end(missing: int) -> int:
        memory, target, decision = event_plan.EventPlanMemory(), 5, None
        for time_s in range(0, 1800, 10):
            running = target if time_s < 1200 else target - missing
            load = Load(float(time_s), float(ramp(time_s)), target, running=running)
            decision, memory = event_plan.decide(load, memory, settings)
            target = decision.replicas
        return decision.warm_gpus

    assert warm_at_the_end(missing=1) == warm_at_the_end(missing=0) + 1


def test_a_calm_the_plan_explains_is_met_with_less_room() -> None:
    flat = dataclasses.replace(CURVE, offered_per_s=np.full(720, 1000.0))
    calm = event_plan.EventPlanSettings(
        fleet=FLEET, curve=flat, utilisation=0.95, reactive_utilisation=0.7
    )
    rising = dataclasses.replace(calm, curve=CURVE)
    steady, _ = follow(lambda _time_s: 1000.0, calm)
    assert steady[6000].replicas == 11  # 1000 / 95
    above, _ = follow(lambda time_s: 1000.0 if time_s < 5800 else 1090.0, calm)
    assert above[5850].replicas == 16  # 1090 / 70: more than the plan explains
    climbing, _ = follow(lambda time_s: float(ramp(np.array(time_s))), rising)
    on_the_way = KICK_OFF_S + 700  # falling steeply: nothing calm about it
    assert climbing[on_the_way].replicas >= ramp(np.array(on_the_way)) / 70


def test_offered_load_rises_at_once_and_falls_after_the_hold() -> None:
    settings = offered_load.OfferedLoadSettings(fleet=FLEET, utilisation=0.75, hold_s=120)
    memory, told = offered_load.OfferedLoadMemory(), []
    for time_s, offered in [(0, 300.0), (1, 750.0), (120, 300.0), (122, 300.0)]:
        decision, memory = offered_load.decide(Load(time_s, offered, 1), memory, settings)
        told.append(decision.replicas)
    assert told == [4, 10, 10, 4]


def test_offered_load_holds_the_target_while_nobody_tells_the_load() -> None:
    settings = offered_load.OfferedLoadSettings(fleet=FLEET)
    decision, _ = offered_load.decide(Load(5, None, 7), offered_load.OfferedLoadMemory(), settings)
    assert decision == Decision(7, 7)


def test_schedule_looks_ahead_by_the_lead_and_never_at_the_load() -> None:
    settings = schedule.ScheduleSettings(fleet=FLEET, curve=CURVE, lead_s=600, margin_s=0)
    memory = schedule.ScheduleMemory()
    before, _ = schedule.decide(Load(KICK_OFF_S - 900, 0.0, 1), memory, settings)
    within, _ = schedule.decide(Load(KICK_OFF_S - 600, 0.0, 1), memory, settings)
    assert within.replicas == replicas_for(2000, 0.8, FLEET) > before.replicas
    loaded, _ = schedule.decide(Load(KICK_OFF_S - 900, 9000.0, 1), memory, settings)
    assert loaded == before


def test_forecast_follows_a_line_ahead_of_itself() -> None:
    settings = forecast.ForecastSettings(fleet=FLEET, lead_s=200, band_sd=0, damping=1)
    memory = forecast.ForecastMemory()
    for time_s in range(0, 1200, 10):
        decision, memory = forecast.decide(Load(time_s, 100 + 2.0 * time_s, 1), memory, settings)
    assert memory.trend == pytest.approx(20, rel=0.1)  # per step of 10 s
    assert decision.replicas == pytest.approx((100 + 2 * 1390) / 80, abs=3)


def test_forecast_of_a_steady_load_is_the_load() -> None:
    settings = forecast.ForecastSettings(fleet=FLEET)
    memory = forecast.ForecastMemory()
    for time_s in range(0, 600, 10):
        decision, memory = forecast.decide(Load(time_s, 800.0, 1), memory, settings)
    assert decision.replicas == 10


def test_a_fit_finds_scale_and_delay() -> None:
    times_s = np.arange(2400.0, 3300.0, 10.0)
    measured = Measured(times_s, 1.2 * ramp(times_s - 240), np.empty((0, len(times_s))))
    # A delay and a scale look alike on a rise; doubts wide enough let the data decide.
    fit = fit_plan(CURVE, measured, Prior(0.5, 3000.0, np.arange(-900.0, 901.0, 60.0)))
    assert fit.shift_s == 240
    assert fit.scale == pytest.approx(1.2, abs=0.02)


def test_a_scale_no_plan_could_be_off_by_is_not_believed() -> None:
    times_s = np.arange(600.0, 1500.0, 10.0)
    measured = Measured(times_s, np.full(90, 900.0), np.empty((0, 90)))
    fit = fit_plan(CURVE, measured, Prior(0.15, 300.0, np.arange(-900.0, 901.0, 60.0)))
    assert fit.scale <= 1.6


def test_counts_of_the_crowd_tell_a_delay_that_flat_work_does_not() -> None:
    flat = dataclasses.replace(CURVE, offered_per_s=np.full(720, 500.0))
    counted = dataclasses.replace(flat, counts=(PlannedCount("gates", CURVE.offered_per_s),))
    times_s = np.arange(2400.0, 3300.0, 10.0)
    work, late = np.full(90, 500.0), ramp(times_s - 300)
    prior = Prior(0.15, 300.0, np.arange(-900.0, 901.0, 60.0))
    assert fit_plan(flat, Measured(times_s, work, np.empty((0, 90))), prior).shift_s == 0
    assert fit_plan(counted, Measured(times_s, work, late[None]), prior).shift_s == 300


def test_known_moments_pin_the_plan() -> None:
    anchors = (Anchor("kick_off", KICK_OFF_S + 600), Anchor("unknown", 5.0))
    planned = planned_time_s(np.array([3000.0, 4200.0, 5000.0]), CURVE.moments, anchors)
    assert planned == pytest.approx([2400, 3600, 4400])
    both = (*anchors, Anchor("end", 6600.0))
    between = planned_time_s(np.array([(4200 + 6600) / 2]), CURVE.moments, both)
    assert between == pytest.approx([(3600 + 6600) / 2])


def test_a_moment_announced_before_an_earlier_one_is_left_out() -> None:
    anchors = (Anchor("kick_off", 5000.0), Anchor("end", 4000.0))
    assert planned_time_s(np.array([5000.0]), CURVE.moments, anchors) == pytest.approx([3600])


def test_the_plan_scales_before_the_load_comes() -> None:
    settings = plan_settings()
    decisions, _ = follow(ramp, settings)
    ahead = decisions[int(KICK_OFF_S) - 700]
    measured = float(ramp(np.array(KICK_OFF_S - 700)))
    now = replicas_for(measured, settings.reactive_utilisation, FLEET)
    assert ahead.replicas > now
    # Nodes are asked for earlier than replicas.
    assert ahead.warm_gpus > ahead.replicas
    at_most = replicas_for(2000, settings.utilisation, FLEET)
    assert max(d.replicas for d in decisions.values()) == pytest.approx(at_most, abs=1)


def test_a_fuller_house_is_learnt_before_its_peak() -> None:
    _, memory = follow(lambda t: 1.3 * ramp(np.array(t)), plan_settings(), int(KICK_OFF_S) - 300)
    assert memory.fit.scale * CURVE.peak_between(3300, 3600) == pytest.approx(2600, rel=0.1)


def test_a_told_delay_moves_the_plan() -> None:
    late_s = 1800.0
    told = (Anchor("kick_off", KICK_OFF_S + late_s),)
    settings = plan_settings(utilisation=0.9)
    decisions, _ = follow(
        lambda t: ramp(np.array(t - late_s)), settings, anchors=lambda t: told if t > 600 else ()
    )
    # Nothing is bought for the planned kick-off; the peak is met when it comes.
    assert decisions[int(KICK_OFF_S) - 300].replicas <= 8
    assert decisions[int(KICK_OFF_S + late_s) - 60].replicas >= replicas_for(2000, 0.9, FLEET)


def test_a_broken_plan_falls_back_to_reaction_with_more_room() -> None:
    decisions, memory = follow(lambda t: 2400.0 if t > 600 else 208.0, plan_settings(), 1500)
    assert memory.trust.is_broken
    assert memory.trust.is_surging
    assert decisions[1490].replicas >= replicas_for(2400, 0.6, FLEET)
    rested = offered_load.OfferedLoadSettings(fleet=FLEET)
    plain, _ = offered_load.decide(Load(1490, 2400.0, 1), offered_load.OfferedLoadMemory(), rested)
    assert decisions[1490].replicas >= plain.replicas


def by_train(time_s: float) -> float:
    """Twice what is planned above the calm for three minutes of twelve, half of it between."""
    return 200.0 + 500.0 * (2.0 if time_s % 720 < 180 else 0.5)


def test_a_crowd_that_comes_by_the_train_is_expected_again_and_breaks_no_plan() -> None:
    steady = np.full(720, 700.0)
    steady[:60] = 200.0
    settings = event_plan.EventPlanSettings(
        fleet=FLEET, curve=dataclasses.replace(CURVE, offered_per_s=steady)
    )
    decisions, memory = follow(by_train, settings, 5700)
    assert not memory.trust.is_broken
    for train_s in (2160, 2880, 3600, 4320):
        before = decisions[train_s - 10]
        assert before.replicas >= by_train(train_s) / FLEET.work_per_s == 12
        # No more than the next can bring, though what stands still would need six.
        assert before.warm_gpus <= 12 * SURGE_ROOM / settings.reactive_utilisation + 1


def test_a_step_is_no_growth_but_half_a_minute_of_it_is() -> None:
    def grown(values: list[float]) -> float:
        times_s = tuple(10.0 * k for k in range(len(values)))
        samples = Samples(times_s, tuple(values), ((),) * len(values))
        return samples.growth_per_s(Load(times_s[-1], values[-1], 1))

    assert grown([100.0, 100.0, 100.0, 400.0]) == 0
    assert grown([100.0, 400.0, 400.0, 400.0]) == 0
    assert grown([100.0, 110.0, 120.0, 130.0]) == pytest.approx(1.0)
    assert grown([100.0, 110.0, 110.0, 400.0]) == 0
    assert grown([400.0, 300.0, 200.0, 100.0]) == 0
    # Never more than would double the work within a minute.
    assert grown([10.0, 100.0, 200.0, 300.0]) == pytest.approx(5.0)


def test_work_that_grows_unplanned_is_met_while_replicas_start() -> None:
    """3 tiles/s more every second, of which the plan knows nothing."""
    settings = plan_settings(replica_lead_s=60.0)
    decisions, _ = follow(lambda t: 600.0 + 3 * max(0.0, t - 600), settings, 900)
    assert decisions[890].replicas >= replicas_for(600 + 3 * 350, 0.83, FLEET)


def test_steps_around_a_time_are_those_one_would_look_at() -> None:
    curve = dataclasses.replace(CURVE, offered_per_s=np.arange(720.0))
    peaks = curve.peaks_around(np.array([0.0, 100.0, 7190.0]), 50.0, 30.0)
    assert peaks == pytest.approx([3, 13, 719])
    falling = dataclasses.replace(CURVE, offered_per_s=np.arange(720.0)[::-1])
    assert falling.peaks_around(np.array([100.0]), 50.0, 30.0) == pytest.approx([719 - 5])


def test_a_plan_that_holds_again_is_trusted_again() -> None:
    _, memory = follow(
        lambda t: 900.0 if 600 < t < 1200 else float(ramp(np.array(t))), plan_settings(), 3300
    )
    assert not memory.trust.is_broken


def test_without_a_load_the_plan_decides_and_nothing_is_given_back() -> None:
    settings = plan_settings()
    decision, _ = event_plan.decide(Load(0.0, None, 30), event_plan.EventPlanMemory(), settings)
    assert decision.replicas == 30
    ahead, _ = event_plan.decide(
        Load(KICK_OFF_S - 30, None, 1), event_plan.EventPlanMemory(), settings
    )
    assert ahead.replicas == replicas_for(2000, settings.utilisation, FLEET)


def test_a_restarted_controller_decides_the_same_within_minutes() -> None:
    settings, target = plan_settings(), 1
    whole, fresh = event_plan.EventPlanMemory(), event_plan.EventPlanMemory()
    for time_s in range(0, 3600, 10):
        load = Load(float(time_s), float(1.15 * ramp(np.array(float(time_s)))), target)
        decision, whole = event_plan.decide(load, whole, settings)
        if time_s >= 2100:
            again, fresh = event_plan.decide(load, fresh, settings)
        target = decision.replicas
    assert again == decision


def test_counts_nobody_gives_are_no_fault() -> None:
    curve = dataclasses.replace(CURVE, counts=(PlannedCount("gates", CURVE.offered_per_s),))
    settings = event_plan.EventPlanSettings(fleet=FLEET, curve=curve)
    memory = event_plan.EventPlanMemory()
    for time_s in range(0, 1800, 10):
        counts = (Count("gates", 210.0),) if time_s % 20 else ()
        load = Load(float(time_s), float(ramp(np.array(float(time_s)))), 3, (), counts)
        decision, memory = event_plan.decide(load, memory, settings)
    assert memory.fit.scale == pytest.approx(1, abs=0.05)
    assert decision.replicas < 10


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_settings_go_through_json(name: str) -> None:
    kind = kind_of(name)
    written = {"fleet": dataclasses.asdict(FLEET)}
    if kind.needs_plan:
        written["curve"] = curve_to_json(CURVE)
    settings = settings_from_json(kind, written)
    assert settings.fleet == FLEET
    decision, _ = kind.decide(Load(0.0, 250.0, 3), kind.memory(), settings)
    assert 1 <= decision.replicas <= 50


def test_a_curve_goes_through_json() -> None:
    curve = dataclasses.replace(CURVE, counts=(PlannedCount("gates", CURVE.offered_per_s),))
    back = curve_from_json(curve_to_json(curve))
    assert back.moments == curve.moments
    assert np.abs(back.offered_per_s - curve.offered_per_s).max() <= 0.051
    assert back.counts[0].zone == "gates"


def test_an_unknown_policy_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'evnt_plan'; known: .*event_plan"):
        kind_of("evnt_plan")


def test_settings_out_of_range_are_all_told() -> None:
    with pytest.raises(SettingsError) as told:
        plan_settings(utilisation=1.5, scale_sd=0.0)
    assert [key for key, _ in told.value.faults] == ["utilisation", "scale_sd"]

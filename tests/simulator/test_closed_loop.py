"""What real days left behind is read right, and squeezed days are the days they come from."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from ray_app.commands.validate_days import told
from ray_app.config.event_file import load_event
from ray_app.planning.closed_loop import (
    KEPT,
    RUNS,
    TUNED,
    WARM_UP_S,
    check_closed_loop,
    measured_by,
    ranking,
    real_days,
)
from ray_app.planning.cluster_record import read_record
from ray_app.planning.live_policy import LivePolicy
from ray_app.planning.real_day import BILL, NEW_CLUSTER, RECORD, Looked, Record
from ray_app.planning.real_load import Call
from ray_app.planning.squeezed_day import (
    MOST_REPLICAS,
    PEAK_SHARE,
    SERVICE,
    Measured,
    squeezed_day,
    squeezed_policies,
)
from ray_app.report.truth_figure import TruthPanel, draw_truth
from ray_app.scaling.policy_kinds import kind_of, settings_from_json
from ray_app.scaling.serve_policy import MOMENT, OFFERED, WARM_GPUS, ServePolicy
from ray_app.simulator.line_up import EVENT_PLAN
from ray_app.simulator.load_trace import plan_curve
from ray_app.simulator.ray_adapter.serve import EPOCH_S
from ray_app.simulator.simulation import Beat, Engine, simulate

SECONDS = 60
ZERO_AT = 1_700_000_000.0


@pytest.fixture
def profile(event_file: Path):
    return load_event(event_file)


def test_a_squeezed_day_has_the_shape_of_the_day(profile) -> None:
    day = squeezed_day(profile, "as_planned", SECONDS, Measured())
    assert day.trace.seconds == SECONDS
    assert 0.5 < day.trace.total_per_s.max() / (MOST_REPLICAS * SERVICE.work_per_s) < 1.2
    settings = squeezed_policies(profile, SECONDS)[EVENT_PLAN].kwargs["settings"]
    planned = settings_from_json(kind_of(EVENT_PLAN), settings)
    peak = planned.curve.offered_per_s.max()
    assert peak == pytest.approx(PEAK_SHARE * MOST_REPLICAS * SERVICE.work_per_s, rel=1e-3)
    whole = plan_curve(profile)
    squeezed_s = len(whole.offered_per_s) * planned.curve.step_s
    assert squeezed_s == pytest.approx(SECONDS / 0.7, rel=0.02)
    assert planned.curve.moments[0].time_s == pytest.approx(0.45 / 0.7 * SECONDS, abs=1.0)


def test_every_policy_takes_its_squeezed_settings(profile) -> None:
    for name, served in squeezed_policies(profile, SECONDS).items():
        if served.function is not None:
            settings = settings_from_json(kind_of(name), served.kwargs["settings"])
            assert settings.fleet.work_per_s == SERVICE.work_per_s


def test_what_was_measured_changes_the_machines_and_no_policy(profile) -> None:
    slow = squeezed_day(profile, "as_planned", SECONDS, Measured(9.0, 20.0, 30.0, 0.1))
    quick = squeezed_day(profile, "as_planned", SECONDS, Measured())
    assert slow.profile.service.start_s > quick.profile.service.start_s
    served = squeezed_policies(profile, SECONDS)[EVENT_PLAN]
    assert simulate(slow, served, Engine.EXACT).gpu_h != simulate(quick, served, Engine.EXACT).gpu_h


def test_no_kept_day_is_tuned_on_and_each_is_played_twice(profile) -> None:
    assert not set(KEPT) & set(TUNED)
    assert len(KEPT) == 2
    days = [day.folder for day in real_days(profile, SECONDS)]
    assert len(days) == len(set(days)) == RUNS * (len(KEPT) + len(TUNED) + 3)


@pytest.fixture
def folder(profile, tmp_path: Path) -> Path:
    """Pretends that a cluster did exactly what is simulated."""
    # Nodes of an earlier cluster, which ended with it.
    bill = [
        {"at": ZERO_AT - 5000, "what": "ordered", "count": 3},
        {"at": ZERO_AT - 4000, "what": NEW_CLUSTER, "count": 0},
    ]
    for day in real_days(profile, SECONDS)[:5]:
        outcome = simulate(day.day, day.served, Engine.EXACT)
        series = outcome.series
        looked = tuple(
            Looked(float(second), int(series.paid_gpus[max(0, second - 6)]), 0, int(running))
            for second, running in enumerate(series.running)
        )
        calls = tuple(Call(0.0, outcome.p95_s, "done") for _ in range(int(outcome.offered)))
        zero_at = ZERO_AT + 1000 * len(bill)
        offered = tuple(float(value) for value in series.offered)
        record = Record(zero_at, SECONDS, offered, 0.0, looked, calls)
        own = tmp_path / day.folder
        own.mkdir()
        (own / RECORD).write_text(json.dumps(asdict(record)), "utf-8")
        (own / "decisions.jsonl").touch()
        change = np.diff(series.paid_gpus, prepend=0.0)
        own_bill = [
            {"at": zero_at + at, "what": "ordered" if by > 0 else "returned", "count": abs(int(by))}
            for at, by in enumerate(change)
            if by
        ]
        held = int(series.paid_gpus[-1])
        bill += [*own_bill, {"at": zero_at + SECONDS, "what": "returned", "count": held}]
    (tmp_path / BILL).write_text("\n".join(map(json.dumps, bill)), "utf-8")
    return tmp_path


def test_a_record_is_read_as_it_was_written(profile, folder: Path) -> None:
    day = real_days(profile, SECONDS)[0]
    series = simulate(day.day, day.served, Engine.EXACT).series
    record = read_record(folder / day.folder)
    seconds = np.arange(SECONDS, dtype=np.float64)
    assert record.running_at(seconds).tolist() == series.running.tolist()
    assert record.paid_at(seconds).tolist() == series.paid_gpus.tolist()


def test_days_are_compared_from_the_warm_up_on(profile, folder: Path) -> None:
    truths = check_closed_loop(profile, SECONDS, folder, play=False)
    assert [truth.scenario for truth in truths] == [*TUNED, *KEPT]
    assert [truth.was_kept for truth in truths] == [False, False, False, True, True]
    for truth in truths:
        assert len(truth.real[0].running) == len(truth.simulated.running) == SECONDS - WARM_UP_S
        # The cluster was simulated with machines as first assumed, now with those as measured.
        assert truth.closeness.within_one > 0.9
        assert abs(truth.closeness.gpu_off) < 0.2
        assert truth.spread is None
    assert ranking(truths, None)["gpu_s"] == ("event_plan",)
    json.dumps(told(truths), allow_nan=False)


def test_boots_are_measured_from_the_bill(profile, folder: Path) -> None:
    measured = measured_by(profile, SECONDS, folder)
    assert measured.replica_s == Measured().replica_s  # nobody decided anything in these logs
    assert measured.node_s == pytest.approx(6.0, abs=1.0)


def test_the_fleet_knows_no_moments_and_serve_does(profile) -> None:
    kwargs = dict(squeezed_policies(profile, SECONDS)[EVENT_PLAN].kwargs)
    live, serve = LivePolicy(**kwargs), ServePolicy(**kwargs)
    states: list[dict] = [{}, {}]
    warm = set()
    for second in range(SECONDS):
        # The show, planned for second 38, was told to have begun.
        metrics = {
            OFFERED: {"r": [_Sample(EPOCH_S + second, 4.0)]},
            MOMENT + "kick_off": {"r": [_Sample(EPOCH_S + second, EPOCH_S + 20.0)]},
        }
        decided = []
        for index, policy in enumerate((live, serve)):
            replicas, states[index] = policy(_Context(EPOCH_S + second, 1, metrics, states[index]))
            decided.append(replicas)
        assert decided[0] == decided[1]
        warm.add(states[0][WARM_GPUS] == states[1][WARM_GPUS])
    assert warm == {True, False}


def test_another_beat_moves_decisions_by_seconds_only(profile) -> None:
    day = squeezed_day(profile, "as_planned", SECONDS, Measured())
    served = squeezed_policies(profile, SECONDS)["offered_load"]
    usual = simulate(day, served, Engine.EXACT)
    other = simulate(day, served, Engine.EXACT, beat=Beat(1, 1))
    assert usual.series.target.tolist() != other.series.target.tolist()
    assert other.gpu_h == pytest.approx(usual.gpu_h, rel=0.1)


def test_the_figure_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "truth.png"
    draw_truth([TruthPanel("a day", 2, [1.0] * 5, [[1, 1, 2], [1, 2, 2]], [1, 1, 1])], path)
    assert path.read_bytes().startswith(b"\x89PNG")


class _Sample:
    def __init__(self, timestamp: float, value: float) -> None:
        self.timestamp, self.value = timestamp, value


class _Context:
    def __init__(self, now_s: float, target: int, metrics: dict, state: dict) -> None:
        self.current_time, self.target_num_replicas = now_s, target
        self.current_num_replicas = target
        self.raw_metrics, self.policy_state = metrics, state

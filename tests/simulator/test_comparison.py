"""Scores, paired intervals, the knee, the advice; service times from benchmarks."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ray_app.commands.simulate import show_scores
from ray_app.domain.errors import ConfigError
from ray_app.domain.ranges import SettingsError
from ray_app.simulator.comparison import (
    difference,
    front,
    interval_of,
    knee,
    ratio,
    recommended,
    scores,
)
from ray_app.simulator.gpu_types import GPU_TYPES, service_of_gpu
from ray_app.simulator.outcome import Causes, Outcome, Series
from ray_app.simulator.service import ServiceSettings, SmallerInput, service_from_benchmark

USUAL = ServiceSettings(overhead_s=0.1, per_tile_s=0.1, source="usual", start_s=33.0)


def outcome(policy: str, seed: int, gpu_h: float, missed: float) -> Outcome:
    zero = dict.fromkeys((one.name for one in dataclasses.fields(Outcome)), 0.0)
    told = zero | {
        "policy": policy,
        "scenario": "as_planned",
        "seed": seed,
        "engine": "fluid",
        "offered": 1e6,
        "offered_alarmed": 1e5,
        "dropped": 1e6 * missed,
        "gpu_h": gpu_h,
        "money": gpu_h,
        "causes": Causes(),
        "zones": (),
        "series": Series.none(),
    }
    return Outcome(**told)


def days(policy: str, gpu_h: float, missed: float, count: int = 20) -> list[Outcome]:
    """Days that differ more from each other than the policies do."""
    return [
        outcome(policy, seed, gpu_h * (1 + 0.1 * np.sin(seed)), missed * (1 + np.cos(seed)))
        for seed in range(count)
    ]


ALL = [
    *days("rich", 150, 1e-6),
    *days("plan", 75, 1e-4),
    *days("lean", 70, 2e-2),
    *days("silly", 160, 1e-2),
]


def test_an_interval_holds_the_mean_and_narrows_with_days() -> None:
    rng = np.random.default_rng(1)
    few, many = (interval_of(rng.normal(5, 1, n).tolist()) for n in (10, 1000))
    for interval in (few, many):
        assert interval.low < interval.mean < interval.high
    assert many.high - many.low < 0.3 * (few.high - few.low)
    assert many.low < 5 < many.high


def test_paired_differences_are_sharper_than_the_days_are_alike() -> None:
    paired = difference(ALL, "plan", "lean", "gpu_h")
    assert paired.mean == pytest.approx(5, rel=0.05)
    alone = interval_of([o.gpu_h for o in ALL if o.policy == "plan"])
    assert paired.high - paired.low < 0.2 * (alone.high - alone.low)
    assert ratio(ALL, "plan", "rich", "gpu_h").mean == pytest.approx(0.5)


def test_only_days_both_played_are_paired() -> None:
    some = [o for o in ALL if o.policy != "lean" or o.seed < 3]
    assert difference(some, "plan", "lean", "gpu_h").mean == pytest.approx(5, rel=0.2)


def test_the_front_leaves_out_who_is_beaten_in_both() -> None:
    assert [one.policy for one in front(scores(ALL))] == ["lean", "plan", "rich"]


def test_the_knee_is_where_money_begins_to_buy_little() -> None:
    assert knee(scores(ALL)).policy == "plan"


def test_every_policy_is_told_by_its_whole_name_in_eighty_columns(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ("ray_tuned_2.5", "ray_tuned_3.5", "event_plan_safe", "offered_load_92")
    played = [one for k, name in enumerate(names) for one in days(name, 123 + k, 1e-3 / 99**k)]
    played = [dataclasses.replace(one, missed_alarmed=0.01, p95_s=0.087) for one in played]
    show_scores(scores(played), 20)
    told = capsys.readouterr().out
    assert all(name in told for name in (*names, "front", "knee"))
    assert "…" not in told


def test_the_cheapest_within_the_goal_is_advised_or_else_the_best() -> None:
    found = scores(ALL)
    assert recommended(found, 1e-3).policy == "plan"
    assert recommended(found, 1e-5).policy == "rich"
    assert recommended(found, 1e-12).policy == "rich"


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_batches_measured_give_a_line(tmp_path: Path) -> None:
    batches = [{"size": n, "median_s": 0.012 + 0.004 * n} for n in (1, 2, 4, 8, 16)]
    told = {"device": "L4", "network": "x", "batches": batches}
    service = service_from_benchmark(written(tmp_path / "b.json", told), USUAL)
    assert service.overhead_s == pytest.approx(0.012)
    assert service.per_tile_s == pytest.approx(0.004)
    assert (service.batch_max, service.start_s) == (16, 33.0)
    assert service.source == "x on L4 (b.json)"


def test_the_detector_benchmark_gives_seconds_of_a_core(tmp_path: Path) -> None:
    networks = [{"network": "a", "core_s": 0.02}, {"network": "b", "core_s": 0.05}]
    told = {"machine": "x86", "networks": networks}
    service = service_from_benchmark(written(tmp_path / "d.json", told), USUAL)
    assert service.work_per_s == pytest.approx(1 / 0.07)
    assert "a + b on one core of x86" in service.source


def test_smaller_inputs_cost_what_the_benchmark_measured(tmp_path: Path) -> None:
    networks = [{"network": "a", "core_s": 0.06}, {"network": "b", "core_s": 0.04}]
    inputs = [{"input_px": px, "core_s": s} for px, s in ((416, 0.06), (384, 0.059), (256, 0.02))]
    told = {"machine": "x86", "networks": networks, "inputs": inputs}
    service = service_from_benchmark(written(tmp_path / "d.json", told), USUAL)
    # 384 px saves too little; at 256 px the other network takes as long as before.
    assert service.smaller_inputs == (SmallerInput(input_px=256, cost=0.6),)
    assert service.input_costs == pytest.approx((1.0, 0.6))
    batches = [{"size": n, "median_s": 0.012 + 0.004 * n} for n in (1, 2, 4, 8)]
    inputs = [{"input_px": 640, "median_s": 0.004}, {"input_px": 480, "median_s": 0.002}]
    told = {"device": "L4", "network": "x", "batches": batches, "inputs": inputs}
    service = service_from_benchmark(written(tmp_path / "b.json", told), USUAL)
    assert service.smaller_inputs == (SmallerInput(input_px=480, cost=0.5),)
    # A batch of eight takes 44 ms, of smaller inputs 28.
    assert service.input_costs == pytest.approx((1.0, 28 / 44))
    assert service.tile_cost(28 / 44) == pytest.approx(0.5)
    with pytest.raises(SettingsError, match="not in the order of cost"):
        dataclasses.replace(
            USUAL,
            smaller_inputs=(
                SmallerInput(input_px=320, cost=0.5),
                SmallerInput(input_px=416, cost=0.6),
            ),
        )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"batches": 3}, "no detector benchmark"),
        ({"device": "d", "network": "n", "batches": [{"size": 1, "median_s": 1}]}, "two batch"),
        (
            {
                "device": "d",
                "network": "n",
                "batches": [{"size": 1, "median_s": 2}, {"size": 2, "median_s": 1}],
            },
            "do not grow",
        ),
    ],
)
def test_a_file_that_is_no_benchmark_is_refused(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        service_from_benchmark(written(tmp_path / "x.json", content), USUAL)


def test_every_gpu_type_names_its_source() -> None:
    for name in GPU_TYPES:
        service = service_of_gpu(name, USUAL)
        assert service.source.startswith(f"{name}: YOLO")
        assert service.start_s == USUAL.start_s

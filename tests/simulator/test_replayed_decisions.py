"""Decisions logged inside Serve's own loop come out the same when taken again offline."""

import json
from pathlib import Path

import numpy as np
import pytest

from ray_app.config.event_file import load_event
from ray_app.planning.logged_policy import replay_log
from ray_app.planning.validation import MOST_REPLICAS, TRACES, _run
from ray_app.scaling.policy_kinds import kind_of, settings_from_json
from ray_app.simulator.line_up import settings_json
from ray_app.simulator.ray_adapter.serve import EPOCH_S, SimulatedServe, simulated_clock
from ray_app.simulator.serve_settings import NEUTRAL, ServedPolicy


@pytest.fixture
def log(event_file: Path, tmp_path: Path):
    """Logs an hour of the event plan under Serve's DeploymentAutoscalingState."""
    settings = settings_json("event_plan", load_event(event_file))
    path = tmp_path / "log.jsonl"
    kwargs = {"policy": "event_plan", "settings": settings, "zero_s": EPOCH_S, "log": str(path)}
    logged = ServedPolicy("l", "ray_app.planning.logged_policy:LoggedPolicy", kwargs, NEUTRAL)
    rng = np.random.default_rng(1)
    with simulated_clock() as clock:
        serve = SimulatedServe(logged, clock, 3, 20)
        for second in range(-1800, 600, 4):
            clock.set(float(second))
            serve.set_running(range(serve.target))
            if rng.random() < 0.9:
                serve.push_stats({"offered_work_per_s": 900 + 500 * rng.random() + second / 3})
            serve.decide()
    return path, settings


def test_no_decision_differs(log) -> None:
    path, settings = log
    replayed = replay_log(path, "event_plan", settings, EPOCH_S)
    assert replayed.different == ()
    assert replayed.decisions == 600
    assert replayed.with_load > 500
    assert len(replayed.targets) > 3


def test_another_setting_is_found_out(log) -> None:
    path, settings = log
    other = settings | {"utilisation": 0.8, "reactive_utilisation": 0.7}
    assert len(replay_log(path, "event_plan", other, EPOCH_S).different) > 10


def test_a_tampered_log_is_found_out(log) -> None:
    path, settings = log
    lines = path.read_text("utf-8").splitlines()
    told = json.loads(lines[300])
    lines[300] = json.dumps(told | {"decided": told["decided"] + 1})
    path.write_text("\n".join(lines), "utf-8")
    assert replay_log(path, "event_plan", settings, EPOCH_S).different == (300,)


@pytest.mark.parametrize("policy", ["offered_load", "event_plan"])
def test_a_squeezed_day_is_settings_the_policy_takes(
    event_file: Path, tmp_path: Path, policy: str
) -> None:
    for name in TRACES:
        run = _run(load_event(event_file), name, policy, 30, tmp_path)
        settings = settings_from_json(kind_of(policy), run.settings)
        assert settings.fleet.max_replicas == MOST_REPLICAS
        assert len(run.offered_per_s) == 30
        assert max(run.offered_per_s) / settings.fleet.work_per_s <= MOST_REPLICAS

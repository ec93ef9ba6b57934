"""Tuning a live site changes numbers in the replicas that run; Ray and Serve are real."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_site import until
from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema

from models.settings import NetworkSettings
from ray_app.batch.ray_session import ray_session
from ray_app.config.live_schema import DetectorsConfig, LiveConfig
from ray_app.config.load import load_site
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.live.serve_config import serve_config
from ray_app.live.stack import SiteLoad, Stack, Tuning

pytestmark = [pytest.mark.ray, pytest.mark.slow]
SITE = Path(__file__).parents[2] / "cluster" / "site.yaml"
DETECTORS = DetectorsConfig(min_replicas=2, max_replicas=2, num_cpus=0.1)


@pytest.fixture(scope="module", autouse=True)
def _serve():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        with ray_session(None, workers=2, gpus=0):
            serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR"})
            yield
            serve.shutdown()


def deploy(detectors: DetectorsConfig) -> None:
    """Deploys what `vigie live --print-config` would print, with the networks stood in for."""
    site = replace(load_site(SITE), live=LiveConfig(detectors=detectors))
    config = serve_config(site, str(SITE))
    app = next(app for app in config["applications"] if app["name"] == "detectors")
    app["import_path"] = "timed_detectors:detectors"
    schema = ServeDeploySchema.model_validate(config | {"applications": [app]})
    _get_global_client().deploy_apps(schema, _blocking=True)


def answers() -> dict[int, Tuning]:
    """Asks until both replicas answered, and returns what each was last tuned to."""
    batch = FrameBatch((FrameKey("a", 0, 0, 0.0),), np.zeros((1, 36, 64, 3), np.uint8), ((64, 36),))
    stack = Stack(NetworkSettings(), batch, (None,), SiteLoad(time.time(), 1.0))
    handle = serve.get_deployment_handle("Detector", "detectors")
    tuned: dict[int, Tuning] = {}

    def ask_both() -> bool:
        calls = [handle.detect.remote(stack) for _ in range(4)]
        tuned.update({a.replica: a.tuning for a in (call.result(timeout_s=30) for call in calls)})
        return len(tuned) >= 2

    until(ask_both, lambda: f"answers came from {tuned}")
    return tuned


def test_tuning_reaches_the_replicas_that_run_and_other_hardware_replaces_them() -> None:
    deploy(DETECTORS)
    before = answers()
    assert set(before.values()) == {Tuning(deadline_s=1.0, stack_size=8)}

    tuned = replace(DETECTORS, deadline_s=2.5, stack_size=4, max_replicas=3)
    deploy(tuned)
    until(lambda: set(answers().values()) == {Tuning(deadline_s=2.5, stack_size=4)})
    assert answers().keys() == before.keys()

    deploy(replace(tuned, num_cpus=0.2))
    until(lambda: not answers().keys() & before.keys())

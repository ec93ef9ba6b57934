"""The whole Serve config of a site on a real Ray, as KubeRay deploys it: nobody types a thing."""

import json
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import pytest
from live_site import until
from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema
from square_footage import film

from ray_app.batch.ray_session import ray_session
from ray_app.config.load import load_site
from ray_app.live.messages import DESK, FLEET, STOPPED
from ray_app.live.serve_config import serve_config
from ray_app.live.site_keeper import actor_named, end_actor
from ray_app.outside.free_port import free_port
from ray_app.store.journal_check import read_entries

pytestmark = [pytest.mark.ray, pytest.mark.slow]
STARTS_S = 200.0
SITE = """\
site: Yard
live:
  folder: {folder}/live
  allowed: {{schemes: [file]}}
  detectors: {{min_replicas: 1, max_replicas: 1, num_cpus: 0.5}}
  readers: {{num_cpus: 0.1}}
  api: {{port: {port}}}
cameras:
  - id: yard
    footage: ["yard.mp4"]
    reading: {{rate_hz: 2}}
    stream: {{address: "file://{folder}/yard.mp4"}}
    zones:
      - {{name: all, polygon_px: [[0, 0], [128, 0], [128, 96], [0, 96]]}}
    situations:
      restricted_area:
        - settings: {{zone: all}}
          alarm: {{open_at: 1, close_at: 0.5, hold_s: 1, release_s: 1}}
"""


@pytest.fixture(scope="module")
def site_file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("yard")
    film(folder / "yard.mp4", seconds=240)
    path = folder / "site.yaml"
    path.write_text(SITE.format(folder=folder, port=free_port()), "utf-8")
    return path


@pytest.fixture(scope="module")
def address(site_file: Path) -> str:
    """Deploys the config, and gives the console's address."""
    config = serve_config(load_site(site_file), str(site_file))
    with ray_session(None, workers=3, gpus=0):
        serve.start(proxy_location="HeadOnly", http_options=config["http_options"])
        _get_global_client().deploy_apps(ServeDeploySchema.model_validate(config), _blocking=False)
        deadline_s = time.monotonic() + STARTS_S
        while set(states().values()) != {"RUNNING"}:
            assert time.monotonic() < deadline_s, told()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{config['http_options']['port']}"
        for name in (FLEET, DESK):
            if (actor := actor_named(name)) is not None:
                end_actor(actor, lambda _: None)
        serve.shutdown()


def states() -> dict[str, str]:
    return {name: str(app.status.value) for name, app in serve.status().applications.items()}


def told() -> list[str]:
    return [
        f"{app.status} {app.message} {name}: {deployment.status} {deployment.message}"
        for app in serve.status().applications.values()
        for name, deployment in app.deployments.items()
    ]


def asked(url: str) -> tuple[int, object]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own server
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, None


def analysed(address: str) -> float:
    status, page = asked(f"{address}/api/v1/cameras")
    cameras = page["cameras"] if status == HTTPStatus.OK else []
    return sum(camera["frames"]["analysed"] for camera in cameras)


def test_the_site_is_watched_stopped_and_watched_again(site_file: Path, address: str) -> None:
    until(lambda: analysed(address) >= 3, lambda: asked(f"{address}/api/v1/cameras"))

    stopped = site_file.parent / "live" / STOPPED
    stopped.touch()
    until(lambda: actor_named(FLEET) is None and actor_named(DESK) is None)
    assert asked(f"{address}/api/v1/cameras")[0] == HTTPStatus.SERVICE_UNAVAILABLE
    kinds = [entry.kind for entry in read_entries(site_file.parent / "live" / "journal")]
    assert [kind for kind in kinds if kind in ("start", "stop")] == ["start", "stop"]

    stopped.unlink()
    until(lambda: analysed(address) >= 3, lambda: asked(f"{address}/api/v1/cameras"))

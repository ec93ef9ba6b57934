"""The console on Ray Serve, with actors found by name."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import ray
from console_fakes import FakeDesk, FakeFleet, camera, situation
from console_site import MADE, wait_until
from ray import serve

from ray_app.config.api_settings import ApiSettings
from ray_app.console.caller import Role
from ray_app.console.deployment import console_app, console_start
from ray_app.console.key_file import add_key
from ray_app.console.keys import new_key
from ray_app.live.messages import DESK, FLEET, NAMESPACE
from ray_app.outside.free_port import free_port

pytestmark = pytest.mark.ray
API = "/api/v1"


@ray.remote(num_cpus=0, max_restarts=-1)
class Fleet(FakeFleet):
    """The fake fleet as an actor."""

    def __init__(self) -> None:
        super().__init__({name: camera(name) for name in ("gate", "stage")})
        self.previews["gate"] = b"jpeg"

    async def process_id(self) -> int:
        return os.getpid()


@ray.remote(num_cpus=0)
class Desk(FakeDesk):
    """The fake desk as an actor."""

    async def happen(self, place: str) -> None:
        self.tell(situation(place=place))

    async def entries(self) -> list[tuple[str, str, str]]:
        return self.journal


@pytest.fixture(scope="module")
def key() -> tuple[str, object]:
    return new_key("Desk 1", Role.ADMIN, MADE)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, key) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    add_key(folder / "keys.yaml", key[1])
    api = ApiSettings(port=free_port(), keys_file="keys.yaml")
    here = str(Path(__file__).parent)
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        namespace="test",
        runtime_env={"env_vars": {"PYTHONPATH": here}},
    )
    try:
        serve.start(http_options={"host": api.host, "port": api.port})
        start = console_start("Fête", api, folder, folder, is_authorised=True)
        serve.run(console_app(start), name="console", route_prefix="/")
        yield f"http://{api.host}:{api.port}"
    finally:
        serve.shutdown()
        ray.shutdown()


@pytest.fixture(scope="module")
def api(address: str, key) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {key[0]}"}
    with httpx2.Client(base_url=f"{address}{API}", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def site(address: str, api: httpx2.Client) -> dict[str, ray.actor.ActorHandle]:
    before = api.get("health/ready")
    assert before.status_code == 503
    assert before.json()["detail"].startswith("the reader fleet does not answer")
    actors = {
        FLEET: Fleet.options(name=FLEET, namespace=NAMESPACE).remote(),
        DESK: Desk.options(name=DESK, namespace=NAMESPACE).remote(),
    }
    wait_until(lambda: api.get("health/ready").status_code == 200)
    return actors


def test_what_the_actors_say_is_told(api, site) -> None:
    assert [c["id"] for c in api.get("cameras").json()["cameras"]] == ["gate", "stage"]
    assert api.get("fleet").json()["replicas"] == 2
    assert api.get("cameras/gate/preview.jpg").content == b"jpeg"
    assert api.get("session").json()["site"] == "Fête"


def test_what_the_actors_refuse_is_one_clear_line(api, site) -> None:
    faulty = api.post("cameras", content="x")
    assert (faulty.status_code, faulty.json()["detail"]) == (422, "camera.yaml:1:1: id: is missing")
    twin = api.post("cameras", content="id: gate")
    assert (twin.status_code, twin.json()["detail"]) == (409, "camera 'gate' is there already")
    assert api.get("cameras/nope/preview.jpg").status_code == 404


def test_events_pass_through_serve_and_are_resumed(api, site) -> None:
    ray.get(site[DESK].happen.remote("a"))
    with api.stream("GET", "events", params={"after": 0}) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("id: ")) == "id: 1"
        ray.get(site[DESK].happen.remote("b"))
        assert next(line for line in lines if line.startswith("id: ")) == "id: 2"
    with api.stream("GET", "events", headers={"Last-Event-ID": "1"}) as answer:
        ids = (line for line in answer.iter_lines() if line.startswith("id: "))
        assert next(ids) == "id: 2"


def test_a_person_acknowledges_in_the_name_of_the_key(api, site) -> None:
    ray.get(site[DESK].happen.remote("c"))
    path = "situations/gate/crowd_density/c/12.500/acknowledgements"
    said = api.post(path, json={"verdict": "dismissed", "reason": "a parade"})
    assert said.json()["acknowledgement"]["person"] == "Desk 1"
    assert said.json()["acknowledgement"]["reason"] == "a parade"
    entries = ray.get(site[DESK].entries.remote())
    assert (
        "acknowledgement",
        "Desk 1",
        "gate/crowd_density/c/12.500: dismissed, a parade",
    ) in entries


def test_a_fleet_that_dies_is_told_and_found_again(api, site) -> None:
    os.kill(ray.get(site[FLEET].process_id.remote()), signal.SIGKILL)
    seen: list[int] = []

    def answers_again() -> bool:
        seen.append(api.get("cameras").status_code)
        return seen[-1] == 200

    wait_until(answers_again, within_s=60)
    assert set(seen) <= {200, 503}


def test_without_its_key_nobody_comes_in_and_no_log_holds_it(address, api, site, key) -> None:
    assert httpx2.get(f"{address}{API}/cameras", timeout=30).status_code == 401
    api.post("session", json={"key": key[0]})
    logs = Path(ray._private.worker._global_node.get_session_dir_path()) / "logs"
    told = "".join(p.read_text("utf-8", "replace") for p in logs.rglob("*") if p.is_file())
    assert "api/v1/cameras" in told  # the access log is among them
    assert key[0].rpartition("_")[2] not in told
    replica = "".join(p.read_text("utf-8", "replace") for p in logs.glob("serve/*") if p.is_file())
    assert "api/v1/events" in replica
    assert "Traceback" not in replica  # listeners that left are no faults

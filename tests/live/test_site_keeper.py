"""The keeper of a site on a real Ray: parts come back, a stop is final, versions replace."""

import threading
from functools import partial
from pathlib import Path

import pytest
import ray

from ray_app.batch.ray_session import ray_session
from ray_app.commands.live_folder import stop_running
from ray_app.domain.errors import StoreError
from ray_app.live.messages import NAMESPACE, STOPPED
from ray_app.live.site_keeper import SiteKeeper as Keeper
from ray_app.live.site_keeper import SitePart, actor_named

pytestmark = pytest.mark.ray
NAMES = ("keeper-desk", "keeper-fleet")


@pytest.fixture(scope="module", autouse=True)
def _ray():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # actors are made of this file
        with ray_session(None, workers=1, gpus=0):
            yield


class Part:
    def born(self) -> str:
        return ray.get_runtime_context().get_actor_id()

    def refuse(self) -> None:
        raise RuntimeError("does not want to end")


def start(name: str) -> object:
    options = {"name": name, "namespace": NAMESPACE, "lifetime": "detached", "num_cpus": 0}
    return ray.remote(Part).options(**options).remote()


@pytest.fixture
def ended():
    """Names of the parts that were asked to end, in their order."""
    asked: list[str] = []
    yield asked
    for name in NAMES:
        if (actor := actor_named(name)) is not None:
            ray.kill(actor)


def parts(ended: list[str], end=lambda actor: None) -> list[SitePart]:
    def note(name: str, actor: object) -> None:
        ended.append(name)
        end(actor)

    return [SitePart(name, partial(start, name), partial(note, name)) for name in NAMES]


def ids() -> list[str | None]:
    found = [actor_named(name) for name in NAMES]
    return [None if each is None else ray.get(each.born.remote()) for each in found]


def test_what_is_there_is_left_alone_and_what_is_gone_comes_back(tmp_path, ended) -> None:
    keeper = Keeper(parts(ended), tmp_path / "site", "v1")
    desk, fleet = ids()
    keeper.check_health()
    assert ids() == [desk, fleet]

    ray.kill(actor_named(NAMES[1]))
    keeper.check_health()
    assert ids()[0] == desk
    assert ids()[1] not in (None, fleet)
    assert ended == []


def test_a_new_keeper_finds_what_runs(tmp_path, ended) -> None:
    Keeper(parts(ended), tmp_path, "v1")
    before = ids()
    Keeper(parts(ended), tmp_path, "v1")
    assert ids() == before


def test_a_stop_is_final_until_it_is_taken_back(tmp_path, ended) -> None:
    keeper = Keeper(parts(ended), tmp_path, "v1")
    (tmp_path / STOPPED).touch()
    keeper.check_health()
    assert ended == [NAMES[1], NAMES[0]]
    Keeper(parts(ended), tmp_path, "v1")  # the keeper dies and comes again
    assert ids() == [None, None]

    (tmp_path / STOPPED).unlink()
    keeper.check_health()
    assert None not in ids()


def test_vigie_live_stop_ends_what_a_cluster_keeps(tmp_path, ended) -> None:
    assert stop_running(tmp_path) is None
    keeper = Keeper(parts(ended), tmp_path, "v1")
    over = threading.Event()

    def check_now_and_then() -> None:
        while not over.wait(0.1):
            keeper.check_health()

    checks = threading.Thread(target=check_now_and_then)
    checks.start()
    try:
        assert stop_running(tmp_path) is not None
    finally:
        over.set()
        checks.join()
    assert ids() == [None, None]
    assert (tmp_path / STOPPED).exists()
    assert stop_running(tmp_path) is None


def test_a_stop_that_no_keeper_answers_is_told(tmp_path, ended, monkeypatch) -> None:
    Keeper(parts(ended), tmp_path, "v1")
    monkeypatch.setattr("ray_app.commands.live_folder.STREAMS_CLOSE_S", 0.3)
    with pytest.raises(StoreError, match="is the cluster up"):
        stop_running(tmp_path)
    assert (tmp_path / STOPPED).exists()


def test_another_site_file_replaces_what_runs(tmp_path, ended) -> None:
    Keeper(parts(ended), tmp_path, "v1")
    before = set(ids())
    Keeper(parts(ended), tmp_path, "v2")
    assert None not in ids()
    assert not before & set(ids())


def test_a_part_that_does_not_want_to_end_is_ended(tmp_path, ended) -> None:
    keeper = Keeper(parts(ended, lambda actor: ray.get(actor.refuse.remote())), tmp_path, "v1")
    (tmp_path / STOPPED).touch()
    keeper.check_health()
    assert ids() == [None, None]

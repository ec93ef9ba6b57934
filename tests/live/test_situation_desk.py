"""The desk as a real actor: killed, it starts again from disk and lost nothing it took."""

import os
import signal as signals
import sys
import threading
import time
from pathlib import Path

import pytest
import ray
from ray.exceptions import RayActorError, RayTaskError

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from situation_examples import life, signal

from ray_app.alerts.settings import AlertsSettings, WebhookSettings
from ray_app.batch.ray_session import ray_session
from ray_app.domain.errors import ConfigError, StoreError
from ray_app.domain.situation import Verdict
from ray_app.live.desk import DeskPlan
from ray_app.live.messages import DESK, NAMESPACE
from ray_app.live.situation_desk import start_desk, stop_desk
from ray_app.store.journal_check import check_journal
from ray_app.store.situation_settings import EventStoreSettings

pytestmark = pytest.mark.ray
PATIENCE_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def _ray():
    with ray_session(None, workers=2, gpus=0):
        yield


def plan(folder, alerts=None):
    return DeskPlan(
        "gare", folder, folder / "evidence", alerts or AlertsSettings(), EventStoreSettings()
    )


@pytest.fixture
def desk(tmp_path):
    desk = start_desk(plan(tmp_path))
    yield desk
    stop_desk(desk)


def until_answered(call):
    """Returns the answer; an actor that starts again refuses calls for a while."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ray.get(call(), timeout=10)
        except RayActorError:
            assert time.monotonic() < give_up_at
            time.sleep(0.1)


def test_a_killed_desk_starts_again_with_everything_it_took(desk, tmp_path):
    pid = ray.get(desk.process.remote())
    assert ray.get(desk.take.remote(life()[:2])) == 2
    event_id = life()[0].event.event_id
    ray.get(desk.acknowledge.remote(event_id, Verdict.CONFIRMED, "ann", ""))
    os.kill(pid, signals.SIGKILL)
    assert until_answered(lambda: desk.take.remote(life())) == 1  # only the third is new
    assert ray.get(desk.process.remote()) != pid
    situation = ray.get(desk.situation.remote(event_id))
    assert (situation.phase, len(situation.acknowledgements)) == ("closed", 1)
    again = ray.get_actor(DESK, namespace=NAMESPACE)
    assert [c.number for c in ray.get(again.changes.remote(2, 0.0))] == [3, 4]
    assert ray.get(desk.flush.remote(20.0))
    assert {s.waiting for s in ray.get(desk.sinks.remote())} == {0}
    assert check_journal(tmp_path / "journal").fault is None


def test_many_wait_for_changes_and_are_told_at_once(desk):
    waiting = [desk.changes.remote(0, 30.0) for _ in range(40)]
    assert ray.get(desk.changes.remote(0, 0.2)) == ()
    timer = threading.Timer(0.2, lambda: ray.get(desk.take.remote((signal(),))))
    timer.start()
    began = time.monotonic()
    told = ray.get(waiting, timeout=25)
    assert time.monotonic() - began < 20
    assert {len(changes) for changes in told} == {1}
    assert ray.get(desk.last_change.remote()) == 1


def test_what_cannot_be_said_comes_back_as_one_line(desk):
    with pytest.raises(RayTaskError) as caught:
        ray.get(desk.acknowledge.remote("nowhere", "confirmed", "ann", ""))
    assert isinstance(caught.value.cause, ValueError)
    assert str(caught.value.cause) == "no situation 'nowhere'"


def test_there_is_one_desk(desk, tmp_path):
    with pytest.raises(ConfigError, match="a live site runs on this Ray already"):
        start_desk(plan(tmp_path / "other"))


def test_a_desk_that_cannot_start_says_why_in_one_line(tmp_path):
    hook = WebhookSettings(name="x", url="http://127.0.0.1/", secret="${NOT_THERE}")  # noqa: S106
    with pytest.raises(ConfigError, match=r"^webhook x: \$\{NOT_THERE\} is not set"):
        start_desk(plan(tmp_path, AlertsSettings(webhooks=(hook,))))
    (tmp_path / "situations.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="move it away"):
        start_desk(plan(tmp_path))
    (tmp_path / "situations.sqlite").unlink()
    stop_desk(start_desk(plan(tmp_path)))  # nothing was left behind


def test_a_desk_that_cannot_open_after_a_kill_works_once_it_can(desk, tmp_path):
    pid = ray.get(desk.process.remote())
    ray.get(desk.take.remote((signal(),)))
    journal = tmp_path / "journal" / "head.json"
    head = journal.read_bytes()
    journal.write_bytes(b"torn")
    os.kill(pid, signals.SIGKILL)
    with pytest.raises(RayTaskError) as caught:
        until_answered(desk.last_change.remote)
    assert "is damaged" in str(caught.value.cause)
    journal.write_bytes(head)
    assert ray.get(desk.last_change.remote()) == 1


def test_an_ended_desk_lets_the_next_one_begin(tmp_path):
    for count in (1, 0):
        desk = start_desk(plan(tmp_path))
        assert ray.get(desk.take.remote((signal(),))) == count
        stop_desk(desk)

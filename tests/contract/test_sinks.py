"""Every sink keeps the same promises, against a real receiver."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from receivers import MOSQUITTO, FileReceiver, HttpReceiver, MqttReceiver, wait_until
from situation_examples import STILL, life, said, signal

from ray_app.alerts.courier import Courier, Route
from ray_app.alerts.message import message_of
from ray_app.alerts.settings import AlertsSettings
from ray_app.domain.event import Phase
from ray_app.outside.retry import RetrySettings
from ray_app.store.sqlite_situations import open_sqlite_situations

FAST = RetrySettings(first_s=0.02, most_s=0.1, refused_s=1.0, healthy_s=0.0)
RECEIVERS = {r.kind: r for r in (FileReceiver, HttpReceiver, MqttReceiver)}
NOW = 1_750_000_100.0


@pytest.fixture(params=RECEIVERS)
def receiver(request, tmp_path) -> Iterator[FileReceiver | HttpReceiver | MqttReceiver]:
    if request.param == "mqtt" and MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    receiver = RECEIVERS[request.param](tmp_path)
    yield receiver
    receiver.close()


@pytest.fixture
def store(tmp_path):
    store = open_sqlite_situations(tmp_path / "s.sqlite")
    yield store
    store.close()


class Site:
    """A store with one courier, closed at the end."""

    def __init__(self, store, folder: Path) -> None:
        self.store, self.folder, self.courier = store, folder, None

    def begin(self, sink, now=lambda: NOW, **alerts) -> Courier:
        route = Route("gare", self.folder / "outbox", AlertsSettings(**alerts), FAST)
        self.courier = Courier(sink, self.store, route, now)
        self.courier.start()
        return self.courier

    def take(self, *signals, at: float = NOW) -> None:
        self.store.take(signals, at)
        self.courier.wake()

    def end(self) -> None:
        if self.courier is not None:
            self.courier.close(10)
        self.courier = None


@pytest.fixture
def site(store, tmp_path) -> Iterator[Site]:
    site = Site(store, tmp_path)
    yield site
    site.end()


def told(receiver) -> list[tuple[str, str]]:
    return [(m["data"]["place"], m["data"]["phase"]) for m in receiver.received()]


STEPS = [(place, phase) for place in "abcde" for phase in ("opened", "closed")]


def lives() -> list:
    return [step for k, place in enumerate("abcde") for step in life(place, 10.0 * k)]


def test_every_step_arrives_in_order_as_a_cloudevent(receiver, site):
    courier = site.begin(receiver.sink())
    site.take(*lives())
    assert courier.flush(20)
    wait_until(lambda: len(receiver.received()) == 10)
    assert told(receiver) == STEPS  # candidates are not sent
    first = receiver.received()[0]
    assert first["specversion"] == "1.0"
    assert first["type"] == "dev.vigie.situation.opened.v1"
    assert first["source"] == "/sites/gare/cameras/gate"
    assert first["time"] == "2025-06-15T15:06:42.000Z"
    assert first["data"]["event_id"] == "gate/crowd_density/a/0.000"
    assert first["data"]["measures"] == {"speed_m_s": 0.25}
    report = courier.report()
    assert (report.waiting, report.delivered, report.dead, report.lost) == (0, 10, 0, 0)
    assert (report.kind, report.trouble, report.oldest_s) == (receiver.kind, None, None)


def test_files_and_what_people_said_arrive_too(receiver, site, store):
    courier = site.begin(receiver.sink())
    site.take(signal(), signal(evidence=(STILL,)))
    store.acknowledge(said(signal().event.event_id))
    assert courier.flush(20)
    wait_until(lambda: len(receiver.received()) == 3)
    types = [m["type"].split(".")[3] for m in receiver.received()]
    assert types == ["opened", "evidence", "acknowledged"]
    last = receiver.received()[-1]["data"]
    assert last["evidence"] == [{"name": STILL.name, "kind": "still", "sha256": STILL.sha256}]
    assert last["acknowledgement"]["verdict"] == "confirmed"
    assert len({m["id"] for m in receiver.received()}) == 3


def test_the_same_message_twice_has_the_same_id(receiver, store):
    store.take((signal(),), NOW)
    message = message_of(store.changes(0)[0], "gare", ("opened",))
    sink = receiver.sink()
    sink.deliver(message)
    sink.deliver(message)
    wait_until(lambda: len(receiver.received()) == 2)
    sink.close()
    first, second = receiver.received()
    assert first == second


def test_down_for_a_while_then_back_everything_arrives(receiver, site):
    courier = site.begin(receiver.sink(timeout_s=0.5))
    site.take(*lives()[:3])
    assert courier.flush(20)
    receiver.down()
    site.take(*lives()[3:])
    wait_until(lambda: courier.report().trouble is not None)
    assert courier.report().waiting > 0
    receiver.up()
    assert courier.flush(30)
    wait_until(lambda: len(receiver.received()) >= 10)
    assert list(dict.fromkeys(told(receiver))) == STEPS
    report = courier.report()
    assert (report.waiting, report.dead, report.lost, report.trouble) == (0, 0, 0, None)
    assert report.delivered == 10


def test_what_waits_survives_a_restart(receiver, site):
    receiver.down()
    courier = site.begin(receiver.sink(timeout_s=0.5))
    site.take(*lives())
    wait_until(lambda: courier.report().trouble is not None)
    site.end()
    receiver.up()
    again = site.begin(receiver.sink())
    assert again.flush(30)
    wait_until(lambda: len(receiver.received()) >= 10)
    assert list(dict.fromkeys(told(receiver))) == STEPS


def test_a_hung_receiver_stops_nobody_and_gets_everything_later(receiver, site):
    if not receiver.can_hang:
        pytest.skip("a file does not hang")
    courier = site.begin(receiver.sink(timeout_s=0.5))
    site.take(*lives()[:3])
    assert courier.flush(20)
    receiver.hang()
    site.take(*lives()[3:])
    wait_until(lambda: courier.report().trouble is not None)
    receiver.go_on()
    assert courier.flush(40)
    wait_until(lambda: len(dict.fromkeys(told(receiver))) == 10)
    assert courier.report().dead == 0


def test_a_full_outbox_leaves_the_rest_in_the_store(receiver, site):
    receiver.down()
    courier = site.begin(receiver.sink(timeout_s=0.5), outbox_messages=3)
    site.take(*lives())
    wait_until(lambda: courier.report().trouble is not None)
    wait_until(lambda: courier._outbox.counts().waiting == 3)
    assert courier.report().waiting > 3
    receiver.up()
    assert courier.flush(30)
    wait_until(lambda: len(receiver.received()) >= 10)
    assert list(dict.fromkeys(told(receiver))) == STEPS


def test_what_cannot_be_delivered_for_too_long_is_a_dead_letter(receiver, site, tmp_path):
    receiver.down()
    courier = site.begin(receiver.sink(timeout_s=0.5), now=lambda: NOW + 61, give_up_s=60.0)
    site.take(signal(), at=NOW)
    site.take(signal(Phase.CLOSED, 20.0), at=NOW + 30)
    wait_until(lambda: courier.report().dead == 1)
    (letter,) = (tmp_path / "outbox" / f"{courier._sink.name}.dead.ndjson").read_text().splitlines()
    assert json.loads(json.loads(letter)["body"])["data"]["phase"] == "opened"
    assert "given up" in json.loads(letter)["reason"]
    receiver.up()
    assert courier.flush(30)
    wait_until(lambda: told(receiver) == [("yard", "closed")])


def test_a_new_receiver_is_not_told_of_the_past(receiver, site, store):
    store.take(lives()[:3], NOW)
    courier = site.begin(receiver.sink())
    site.take(*lives()[3:6])
    assert courier.flush(20)
    wait_until(lambda: len(receiver.received()) == 2)
    assert {place for place, _ in told(receiver)} == {"b"}


def test_what_was_deleted_before_it_was_looked_at_holds_nobody_up(receiver, site, store):
    receiver.down()
    courier = site.begin(receiver.sink(timeout_s=0.5), outbox_messages=1)
    site.take(*lives()[:6])
    wait_until(lambda: courier._outbox.counts().waiting == 1)
    store.forget_situations(before=NOW + 1)
    site.take(*lives()[6:9], at=NOW + 1)
    receiver.up()
    assert courier.flush(30)
    wait_until(lambda: ("c", "closed") in told(receiver))
    assert courier.report().lost > 0


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from situation_examples import signal
from ray_app.alerts.courier import Courier, Route
from ray_app.alerts.ndjson import NdjsonSink
from ray_app.alerts.settings import AlertsSettings, NdjsonSettings
from ray_app.store.sqlite_situations import open_sqlite_situations
folder, first = Path(sys.argv[1]), int(sys.argv[2])
store = open_sqlite_situations(folder / "s.sqlite")
sink = NdjsonSink(NdjsonSettings(), folder)
courier = Courier(sink, store, Route("gare", folder / "outbox", AlertsSettings()))
courier.start()
for k in range(first, 10**6):
    store.take((signal(place=str(k)),), 1.0 * k)
    courier.wake()
    print(k, flush=True)
"""


def test_killed_again_and_again_every_step_taken_arrives(tmp_path):
    code, taken = WRITER.format(tests=str(Path(__file__).parent)), -1
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(taken + 1)],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            lines = [writer.stdout.readline() for _ in range(30)]
            writer.kill()
            lines += writer.stdout.read().splitlines()
        taken = max(int(line) for line in lines if line.strip())
    store = open_sqlite_situations(tmp_path / "s.sqlite")
    receiver = FileReceiver(tmp_path)
    site = Site(store, tmp_path)
    assert site.begin(receiver.sink(), give_up_s=86_400.0 * 365).flush(30)
    site.end()
    arrived = [int(place) for place, _ in told(receiver)]
    assert list(dict.fromkeys(arrived)) == list(range(store.last_change()))
    assert store.last_change() > taken
    store.close()

"""What a dashboard sees at the broker: who is there, what is open, and nothing of a password."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from receivers import ENVIRONMENT, MOSQUITTO, MqttReceiver, wait_until
from situation_examples import life, signal

from ray_app.alerts.message import message_of
from ray_app.alerts.sink import TryLaterError
from ray_app.domain.situation import Change, ChangeKind, Situation

AVAILABLE = "vigie/gare-de-l'est/available"
STATE = "vigie/gare-de-l'est/cameras/gate/state"


@pytest.fixture
def broker(tmp_path) -> Iterator[MqttReceiver]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    broker = MqttReceiver(tmp_path)
    yield broker
    broker.close()


def opened() -> Situation:
    return Situation(signal(), signal().taken_at, 2.0)


def message():
    change = Change(1, 1_750_000_000.0, ChangeKind.STEP, opened())
    return message_of(change, "gare de l'est", ("opened",))


def test_what_is_open_is_a_retained_topic(broker):
    now_open = [opened()]
    sink = broker.sink(open_now=lambda camera_id: tuple(now_open))
    sink.deliver(message())
    wait_until(lambda: STATE in broker.retained)
    state = json.loads(broker.retained[STATE])
    assert state["camera_id"] == "gate"
    (told,) = state["open"]
    assert told["event_id"] == life()[0].event.event_id
    assert (told["situation"], told["place"], told["level"]) == ("crowd_density", "yard", 2.0)
    now_open.clear()
    sink.deliver(message())
    wait_until(lambda: json.loads(broker.retained[STATE])["open"] == [])
    wait_until(lambda: broker.retained.get(AVAILABLE) == "online")
    sink.close()
    wait_until(lambda: broker.retained[AVAILABLE] == "offline")


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from receivers import ENVIRONMENT, LOOPBACK
from test_mqtt import message
from ray_app.alerts.mqtt import MqttSink
from ray_app.alerts.settings import MqttSettings
asked = {{"user": "vigie", "password": "${{BROKER}}"}}
settings = MqttSettings(name="desk", host="127.0.0.1", port=int(sys.argv[1]), **asked)
sink = MqttSink(settings, "gare de l'est", lambda camera_id: (), LOOPBACK, ENVIRONMENT)
sink.deliver(message())
print("sent", flush=True)
time.sleep(60)
"""


def test_the_last_will_tells_of_a_killed_site(broker):
    code = KILLED.format(tests=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(broker.port)], stdout=subprocess.PIPE, text=True
    ) as site:
        assert site.stdout.readline() == "sent\n"
        wait_until(lambda: broker.retained.get(AVAILABLE) == "online")
        site.kill()
    wait_until(lambda: broker.retained[AVAILABLE] == "offline")


def test_a_wrong_password_is_not_tried_fast_and_not_told(broker):
    sink = broker.sink(user="nobody", timeout_s=2.0)
    with pytest.raises(TryLaterError) as caught:
        sink.deliver(message())
    assert caught.value.is_refusal
    assert ENVIRONMENT["BROKER"] not in str(caught.value)
    assert "ot authorized" in str(caught.value)
    sink.close()

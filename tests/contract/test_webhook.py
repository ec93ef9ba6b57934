"""A webhook's signature, its manners with a receiver that fails, and its secrets."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time

import pytest
from receivers import ENVIRONMENT, LOOPBACK, HttpReceiver, wait_until
from situation_examples import signal

from ray_app.alerts.courier import Courier, Route
from ray_app.alerts.message import Message
from ray_app.alerts.settings import AlertsSettings, MqttSettings, WebhookSettings
from ray_app.alerts.signature import signature
from ray_app.alerts.sink import NeverError, TryLaterError
from ray_app.alerts.webhook import WebhookSink
from ray_app.domain.errors import ConfigError
from ray_app.domain.ranges import SettingsError
from ray_app.outside.retry import RetrySettings
from ray_app.store.sqlite_situations import open_sqlite_situations

MESSAGE = Message(1, "msg_1", "gate", 5.0, '{"place":"été"}')


@pytest.fixture
def receiver(tmp_path):
    receiver = HttpReceiver(tmp_path)
    yield receiver
    receiver.close()


def test_the_signature_is_the_one_of_the_specification():
    """The example of the Standard Webhooks specification."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    told = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_is_signed_over_what_is_sent(receiver):
    receiver.sink().deliver(MESSAGE)
    ((_, headers, body),) = receiver.requests
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert body.decode() == MESSAGE.body
    assert headers["webhook-id"] == "msg_1"
    key = base64.b64decode(ENVIRONMENT["HOOK"].removeprefix("whsec_"))
    signed = f"msg_1.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize("status", [500, 502, 503, 404, 408, 409, 418, 425, 429, 302, 401])
def test_answers_that_are_tried_again(status, receiver):
    receiver.answers = [(status, {})]
    with pytest.raises(TryLaterError, match=f"answered {status}") as caught:
        receiver.sink().deliver(MESSAGE)
    assert caught.value.is_refusal == (status == 401)


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_answers_that_are_final(status, receiver):
    receiver.answers = [(status, {})]
    with pytest.raises(NeverError, match=f"answered {status}"):
        receiver.sink().deliver(MESSAGE)


@pytest.mark.parametrize(
    ("header", "after_s"),
    [("7", 7.0), ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0), ("soon", None), ("-3", None)],
)
def test_how_long_a_receiver_asks_to_be_left_alone(header, after_s, receiver):
    receiver.answers = [(429, {"Retry-After": header})]
    sink = receiver.sink()
    sink._now = lambda: 100.0
    with pytest.raises(TryLaterError) as caught:
        sink.deliver(MESSAGE)
    assert caught.value.after_s == after_s


def test_a_redirect_is_not_followed(receiver, tmp_path):
    other = HttpReceiver(tmp_path)
    receiver.answers = [(307, {"Location": f"http://127.0.0.1:{other.port}/"})]
    with pytest.raises(TryLaterError, match="redirects are not followed"):
        receiver.sink().deliver(MESSAGE)
    other.close()
    assert other.requests == []


def test_who_drips_an_answer_is_cut_off_after_the_whole_time():
    """A byte now and then keeps a socket's own timeout from ever striking."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                for _ in range(2000):
                    try:
                        peer.send(b"H")
                    except OSError:
                        break
                    if over.wait(0.05):
                        break

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        sink = WebhookSink(
            WebhookSettings(name="x", url=url, secret="${HOOK}", timeout_s=0.5),  # noqa: S106
            LOOPBACK,
            ENVIRONMENT,
        )
        with pytest.raises(TryLaterError):
            sink.deliver(MESSAGE)
        over.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("url", "secret", "told"),
    [
        ("http://169.254.169.254/latest", "${HOOK}", "'169.254.169.254' is not allowed"),
        ("http://127.0.0.1/", "${NONE}", "is not set"),
        ("http://127.0.0.1/", "${SHORT}", "too short"),
        ("http://127.0.0.1/", "${TORN}", "not base64"),
        ("${EVIL}", "${HOOK}", "neither http nor https"),
        ("http://${HOST}/", "${HOOK}", "'evil.example' is not allowed"),
    ],
)
def test_what_is_refused_and_without_showing_a_secret(url, secret, told):
    environment = ENVIRONMENT | {
        "SHORT": "geheim",
        "TORN": "whsec_geheim!",
        "EVIL": "ftp://geheim",
        "HOST": "evil.example",
    }
    settings = WebhookSettings.__new__(WebhookSettings)
    asked = {"name": "desk", "url": url, "secret": secret, "timeout_s": 1.0, "ca_file": None}
    for key, value in asked.items():
        object.__setattr__(settings, key, value)
    with pytest.raises(ConfigError, match=told) as caught:
        WebhookSink(settings, LOOPBACK, environment)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("build", "changed", "told"),
    [
        (WebhookSettings, {"secret": "geheim"}, "written out"),
        (WebhookSettings, {"url": "ftp://x/"}, "no http"),
        (WebhookSettings, {"url": "http://u:geheim@x/"}, "holds a user"),
        (WebhookSettings, {"name": "a b"}, "only letters"),
        (MqttSettings, {"password": "geheim"}, "written out"),
        (MqttSettings, {"prefix": "a/#"}, "no topic"),
    ],
)
def test_settings_that_cannot_be(build, changed, told):
    good = {
        WebhookSettings: {"name": "desk", "url": "http://x/", "secret": "${HOOK}"},
        MqttSettings: {"name": "desk", "host": "x"},
    }[build]
    build(**good)
    with pytest.raises(SettingsError, match=told) as caught:
        build(**good | changed)
    assert "geheim" not in str(caught.value)


def test_two_sinks_of_one_name_would_share_an_outbox():
    hook = WebhookSettings(name="desk", url="http://x/", secret="${HOOK}")  # noqa: S106
    with pytest.raises(SettingsError, match="two sinks are named 'desk'"):
        AlertsSettings(webhooks=(hook,), mqtt=(MqttSettings(name="desk", host="x"),))


def test_one_refused_for_good_does_not_hold_up_the_next(receiver, tmp_path):
    receiver.answers = [(503, {}), (410, {}), (429, {"Retry-After": "0"}), (204, {})]
    retry = RetrySettings(first_s=0.01, most_s=0.05, refused_s=1.0)
    store = open_sqlite_situations(tmp_path / "s.sqlite")
    route = Route("gare", tmp_path / "outbox", AlertsSettings(), retry)
    courier = Courier(receiver.sink(), store, route)
    courier.start()
    store.take((signal(place="a"), signal(place="b")), time.time())
    assert courier.flush(20)
    report = courier.report()
    assert (report.delivered, report.dead, report.waiting, report.trouble) == (1, 1, 0, None)
    statuses = [status for status, _, _ in receiver.requests]
    assert statuses == [503, 410, 429, 204]
    ids = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert (ids[0] == ids[1], ids[2] == ids[3], ids[1] == ids[2]) == (True, True, False)
    letter = json.loads((tmp_path / "outbox" / "desk.dead.ndjson").read_text())
    assert letter["message_id"] == ids[1]
    assert "answered 410 Gone" in letter["reason"]
    courier.close(10)
    store.close()


def test_a_receiver_that_asks_for_a_pause_gets_it(receiver, tmp_path):
    receiver.answers = [(429, {"Retry-After": "1"})]
    retry = RetrySettings(first_s=0.01, most_s=0.02, refused_s=1.0)
    store = open_sqlite_situations(tmp_path / "s.sqlite")
    courier = Courier(
        receiver.sink(), store, Route("gare", tmp_path / "outbox", AlertsSettings(), retry)
    )
    courier.start()
    store.take((signal(),), time.time())
    wait_until(lambda: len(receiver.requests) == 1)
    asked_at = time.monotonic()
    wait_until(lambda: len(receiver.requests) == 2)
    assert time.monotonic() - asked_at > 0.8
    courier.close(10)
    store.close()

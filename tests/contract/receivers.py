"""Real receivers on this machine: a file, an HTTP server, an MQTT broker. They go down and hang."""

import http.server
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ray_app.alerts.mqtt import MqttSink
from ray_app.alerts.ndjson import NdjsonSink
from ray_app.alerts.settings import MqttSettings, NdjsonSettings, WebhookSettings
from ray_app.alerts.sink import Sink
from ray_app.alerts.webhook import WebhookSink
from ray_app.outside.free_port import free_port

ENVIRONMENT = {"HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "BROKER": "geheimes wort"}
LOOPBACK = ("127.0.0.1",)
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def wait_until(fact: Callable[[], bool], wait_s: float = 20.0) -> None:
    give_up_at = time.monotonic() + wait_s
    while not fact():
        assert time.monotonic() < give_up_at, "never came about"
        time.sleep(0.01)


class FileReceiver:
    kind = "ndjson"
    can_hang = False

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "situations.ndjson"
        self._aside = folder / "aside"

    def sink(self, timeout_s: float = 5.0) -> Sink:
        return NdjsonSink(NdjsonSettings(), self.folder)

    def received(self) -> list[dict]:
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]

    def down(self) -> None:
        if self.file.exists():
            self.file.rename(self._aside)
        self.file.mkdir()

    def up(self) -> None:
        self.file.rmdir()
        if self._aside.exists():
            self._aside.rename(self.file)

    def close(self) -> None:
        pass


class HttpReceiver:
    """Answers what `answers` says, one after the other, then 204."""

    kind = "webhook"
    can_hang = True

    def __init__(self, folder: Path) -> None:
        self.port, self.requests, self.answers = free_port(), [], []
        self._go_on = threading.Event()
        self._go_on.set()
        self.up()

    def sink(self, timeout_s: float = 5.0, url: str | None = None) -> WebhookSink:
        url = url or f"http://127.0.0.1:{self.port}/hook?key=1"
        asked = {"url": url, "secret": "${HOOK}", "timeout_s": timeout_s}
        settings = WebhookSettings(name="desk", **asked)
        return WebhookSink(settings, LOOPBACK, ENVIRONMENT)

    def received(self) -> list[dict]:
        return [json.loads(body) for status, _, body in list(self.requests) if status == 204]

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self._go_on.wait(30)
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        self.requests.append((status, dict(request.headers), body))
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()

    def hang(self) -> None:
        self._go_on.clear()

    def go_on(self) -> None:
        self._go_on.set()

    def up(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    receiver.answer(self)
                except OSError:
                    self.close_connection = True  # the sender went away

            def log_message(self, *words) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def down(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def close(self) -> None:
        self._go_on.set()
        self.down()


class MqttReceiver:
    """A mosquitto and a subscriber that comes back to its session."""

    kind = "mqtt"
    can_hang = True

    def __init__(self, folder: Path) -> None:
        self.port, self.messages, self.retained = free_port(), [], {}
        self.folder = folder / "broker"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        (self.folder / "passwords").write_text("")
        subprocess.run(
            ["mosquitto_passwd", "-b", self.folder / "passwords", "vigie", ENVIRONMENT["BROKER"]],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        (self.folder / "passwords").chmod(0o644)
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {self.folder / 'passwords'}\nuser root\n"
            f"persistence true\npersistence_location {self.folder}/\nmax_queued_messages 10000\n"
        )
        self.up()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "reader", clean_session=False)
        self._client.username_pw_set("vigie", ENVIRONMENT["BROKER"])
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("vigie/#", 1)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        assert subscribed.wait(10)

    def sink(self, timeout_s: float = 5.0, open_now=lambda camera_id: (), **changed) -> MqttSink:
        asked = {"user": "vigie", "password": "${BROKER}", "timeout_s": timeout_s} | changed
        settings = MqttSettings(name="desk", host="127.0.0.1", port=self.port, **asked)
        return MqttSink(settings, "gare de l'est", open_now, LOOPBACK, ENVIRONMENT)

    def received(self) -> list[dict]:
        return [json.loads(body) for topic, body in list(self.messages) if "situations" in topic]

    def _on_message(self, client, _, message) -> None:
        self.messages.append((message.topic, message.payload.decode()))
        if message.payload and not message.topic.endswith("situations"):
            self.retained[message.topic] = message.payload.decode()

    def up(self) -> None:
        config = str(self.folder / "mosquitto.conf")
        self._broker = subprocess.Popen(
            [MOSQUITTO, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def down(self) -> None:
        self._broker.terminate()
        self._broker.wait(10)

    def hang(self) -> None:
        self._broker.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._broker.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self.go_on()
        self.down()

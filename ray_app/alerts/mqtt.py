"""Messages published to an MQTT broker, and what is open at each camera as a retained topic."""

import json
import os
import re
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ray_app.alerts.message import Message, moment
from ray_app.alerts.settings import MqttSettings
from ray_app.alerts.sink import TryLaterError
from ray_app.domain.errors import ConfigError
from ray_app.domain.situation import Situation
from ray_app.outside.hosts import check_host
from ray_app.outside.secrets import look_up

QOS = 1
KEEPALIVE_S = 20
REFUSALS = frozenset({"Bad user name or password", "Not authorized"})
OpenNow = Callable[[str], tuple[Situation, ...]]


class MqttSink:
    """Publishes with QoS 1 under `PREFIX/SITE/`.

    Topics: `available` (retained, "online", or "offline" by the last will),
    `cameras/CAMERA/situations` (CloudEvents) and `cameras/CAMERA/state` (retained: what is open).

    Args:
        settings: Where to and how.
        site: Name of the site.
        open_now: Returns a camera's open situations.
        allowed_hosts: Hosts that may be sent to.
        environment: Where secrets are looked up.

    Raises:
        ConfigError: Not an allowed host, or a secret that is not there.
    """

    kind = "mqtt"
    dropped = 0

    def __init__(
        self,
        settings: MqttSettings,
        site: str,
        open_now: OpenNow,
        allowed_hosts: tuple[str, ...],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.name, self._settings, self._open_now = settings.name, settings, open_now
        self._shown = f"mqtt {settings.name}"
        check_host(settings.host, allowed_hosts, self._shown)
        self._password = (
            None
            if settings.password is None
            else look_up(settings.password, self._shown, environment)
        )
        self._topic = f"{settings.prefix}/{_topic_part(site)}"
        self._client_id = f"vigie-{_topic_part(site)}-{settings.name}"
        self._connected, self._answer = threading.Event(), "no connection"
        self._client: paho.Client | None = None

    def deliver(self, message: Message) -> None:
        """Returns when the broker confirmed both topics; raises TryLaterError."""
        client = self._ready()
        camera = f"{self._topic}/cameras/{_topic_part(message.camera_id)}"
        sent = (
            client.publish(f"{camera}/situations", message.body, QOS),
            client.publish(f"{camera}/state", self._state(message), QOS, retain=True),
        )
        try:
            for each in sent:
                each.wait_for_publish(self._settings.timeout_s)
            told = None if all(each.is_published() for each in sent) else "does not confirm"
        except (ValueError, RuntimeError) as error:
            told = str(error)
        if told is not None:
            self._drop()  # or the library would send it beside the next try
            raise TryLaterError(f"{self._shown}: the broker {told}")

    def close(self) -> None:
        """Says goodbye, so that `available` turns to offline at once."""
        if self._client is not None and self._connected.is_set():
            goodbye = self._client.publish(f"{self._topic}/available", "offline", QOS, retain=True)
            with suppress(ValueError, RuntimeError):  # then the last will says it
                goodbye.wait_for_publish(1.0)
        self._drop()

    def _state(self, message: Message) -> str:
        told = [
            {
                "event_id": situation.event_id,
                "situation": situation.latest.event.situation,
                "place": situation.latest.event.place,
                "level": situation.latest.event.level,
                "unit": situation.latest.event.why.unit,
                "opened_at": None if situation.opened_at is None else moment(situation.opened_at),
            }
            for situation in self._open_now(message.camera_id)
        ]
        state = {"camera_id": message.camera_id, "at": moment(message.at), "open": told}
        return json.dumps(state, ensure_ascii=False)

    def _ready(self) -> paho.Client:
        if self._client is None:
            self._client = self._begin()
        if not self._connected.wait(self._settings.timeout_s):
            is_refusal = self._answer in REFUSALS
            self._drop()
            raise TryLaterError(f"{self._shown}: {self._answer}", is_refusal=is_refusal)
        return self._client

    def _begin(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.will_set(f"{self._topic}/available", "offline", QOS, retain=True)
        client.on_socket_open = _send_at_once
        client.reconnect_delay_set(1, 60)
        client.connect_timeout = self._settings.timeout_s
        if self._settings.user is not None:
            password = None if self._password is None else self._password.reveal()
            client.username_pw_set(self._settings.user, password)
        if self._settings.tls:
            _secure(client, self._settings, self._shown)
        self._answer = "no connection"
        client.connect_async(self._settings.host, self._settings.port, KEEPALIVE_S)
        client.loop_start()
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._connected.clear()
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:  # noqa: ANN401
        self._answer = str(reason)
        if not reason.is_failure:
            client.publish(f"{self._topic}/available", "online", QOS, retain=True)
            self._connected.set()

    def _on_disconnect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:  # noqa: ANN401
        if client is self._client:
            self._connected.clear()
        if self._answer == "Success":
            self._answer = f"connection lost: {reason}"


def _send_at_once(_: paho.Client, __: Any, connection: Any) -> None:  # noqa: ANN401  paho's types
    """Two small packets in a row are not held back for the answer to the first."""
    with suppress(OSError, AttributeError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _secure(client: paho.Client, settings: MqttSettings, shown: str) -> None:
    try:
        client.tls_set(ca_certs=settings.ca_file)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or "not certificates"
        raise ConfigError(f"{shown}: ca_file {settings.ca_file}: {told}") from None


def _topic_part(name: str) -> str:
    """Returns a name as one level of a topic."""
    return re.sub(r"[/+#\0\s]+", "-", name)

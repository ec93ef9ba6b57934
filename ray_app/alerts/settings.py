"""What a site file says of who is told of situations."""

import re
from urllib.parse import urlsplit

from ray_app.domain.event import Phase
from ray_app.domain.ranges import KeyFault, above, between, one_of, refuse_faults
from ray_app.domain.settings import settings
from ray_app.outside.retry import RetrySettings
from ray_app.outside.secrets import REFERENCE, is_reference

SENDING = RetrySettings(first_s=0.5, most_s=30.0, refused_s=120.0, healthy_s=10.0)
_SINK_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@settings
class NdjsonSettings:
    """Situations as lines of JSON in a file.

    Attributes:
        file: Where, relative to the folder of the live site.
        most_mb: The file is put aside under a number when it is larger, millions of bytes.
        kept_files: Most files put aside; the oldest is deleted, which is counted.
    """

    file: str = "situations.ndjson"
    most_mb: float = 100.0
    kept_files: int = 10

    def __post_init__(self) -> None:
        refuse_faults(
            None if self.file.strip() else ("file", "is empty; as situations.ndjson"),
            above("most_mb", self.most_mb, 0, 100_000),
            between("kept_files", self.kept_files, 1, 10_000),
        )


@settings
class WebhookSettings:
    """Situations sent by HTTP POST as CloudEvents, signed.

    Attributes:
        name: Of this receiver, in reports; unique.
        url: http or https; a secret in it by reference only.
        secret: `${NAME}` or `${file:/path}` of the signing key (`whsec_` and base64, or any text).
        timeout_s: Longest time one delivery may take as a whole.
        retry: How fast a receiver that failed is tried again.
        ca_file: Certificates to trust; none takes the machine's.
    """

    name: str
    url: str
    secret: str
    timeout_s: float = 10.0
    retry: RetrySettings = SENDING
    ca_file: str | None = None

    def __post_init__(self) -> None:
        refuse_faults(
            _name_fault(self.name),
            _url_fault(self.url),
            _reference_fault("secret", self.secret),
            above("timeout_s", self.timeout_s, 0, 120),
        )


@settings
class MqttSettings:
    """Situations published to an MQTT broker, QoS 1.

    Attributes:
        name: Of this broker, in reports; unique.
        host: Of the broker.
        port: 1883, or 8883 with tls.
        prefix: First part of every topic.
        user: Name at the broker; none connects without.
        password: `${NAME}` or `${file:/path}`; never the password itself.
        tls: Whether the connection is encrypted and the broker's certificate checked.
        ca_file: Certificates to trust; none takes the machine's.
        timeout_s: Longest wait for the broker to confirm one message.
        retry: How fast a broker that failed is tried again.
    """

    name: str
    host: str
    port: int = 1883
    prefix: str = "vigie"
    user: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    timeout_s: float = 10.0
    retry: RetrySettings = SENDING

    def __post_init__(self) -> None:
        refuse_faults(
            _name_fault(self.name),
            between("port", self.port, 1, 65535),
            _prefix_fault(self.prefix),
            _reference_fault("password", self.password),
            above("timeout_s", self.timeout_s, 0, 120),
        )


@settings
class AlertsSettings:
    """Who is told of situations, and how long what could not be told is kept.

    Attributes:
        phases: Steps of a situation that are sent on; every one is stored anyway.
        ndjson: Lines of JSON in a file; null writes none.
        webhooks: Receivers by HTTP.
        mqtt: Brokers.
        allowed_hosts: Hosts that may be sent to: names with * and ?, addresses, or networks.
        outbox_messages: Most messages a sink keeps ready on disk; more wait in the event store.
        give_up_s: A message that could not be delivered for so long goes to the dead letters.
        dead_letters_mb: Most dead letters kept of a sink, millions of bytes; then the oldest half
            is deleted, which is counted as lost.
    """

    phases: tuple[str, ...] = ("opened", "updated", "closed")
    ndjson: NdjsonSettings | None = NdjsonSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    mqtt: tuple[MqttSettings, ...] = ()
    allowed_hosts: tuple[str, ...] = ("*",)
    outbox_messages: int = 10_000
    give_up_s: float = 86_400.0
    dead_letters_mb: float = 50.0

    def __post_init__(self) -> None:
        names = [
            "ndjson",
            "journal",
            *(w.name for w in self.webhooks),
            *(m.name for m in self.mqtt),
        ]
        twice = next((name for name in names if names.count(name) > 1), None)
        refuse_faults(
            *(one_of("phases", phase, tuple(map(str, Phase))) for phase in self.phases),
            None if twice is None else ("webhooks", f"two sinks are named {twice!r}"),
            between("outbox_messages", self.outbox_messages, 1, 10_000_000),
            between("give_up_s", self.give_up_s, 1, 86_400 * 365),
            above("dead_letters_mb", self.dead_letters_mb, 0, 100_000),
        )


def _name_fault(name: str) -> KeyFault | None:
    if _SINK_NAME.fullmatch(name):
        return None
    return "name", f"{name!r} may hold only letters, digits, _ and -, 40 at most"


def _reference_fault(key: str, text: str | None) -> KeyFault | None:
    if text is None or is_reference(text):
        return None
    return key, "is written out; put it in the environment and write ${NAME}, or ${file:/path}"


def _url_fault(url: str) -> KeyFault | None:
    parts = urlsplit(REFERENCE.sub("x", url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "url", "is no http or https address; as https://desk.example/vigie"
    if parts.username is not None or parts.password is not None:
        return "url", "holds a user or password; receivers check the signature instead"
    return None


def _prefix_fault(prefix: str) -> KeyFault | None:
    if prefix and not prefix.startswith(("/", "$")) and not set(prefix) & set("+#\0 "):
        return None
    return "prefix", f"{prefix!r} is no topic; give letters, digits and /, as vigie/gare"

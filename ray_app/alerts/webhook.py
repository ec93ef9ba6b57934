"""Messages sent by HTTP POST, signed."""

import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ray_app.alerts.message import Message
from ray_app.alerts.settings import WebhookSettings
from ray_app.alerts.signature import signature, signing_key
from ray_app.alerts.sink import NeverError, TryLaterError
from ray_app.domain.errors import ConfigError
from ray_app.outside.hosts import check_host
from ray_app.outside.secrets import look_up, put_in, redacted

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
NEVER = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422})
"""Answers that will be the same for this message tomorrow. Any other but 2xx is tried again."""
REFUSALS = frozenset({401, 403, 407})


class WebhookSink:
    """POSTs CloudEvents to one receiver; never follows a redirect.

    Args:
        settings: Where to and how.
        allowed_hosts: Hosts that may be sent to.
        environment: Where secrets are looked up.
        now: Returns seconds since 1970.

    Raises:
        ConfigError: Not an allowed address, or a secret that is not there.
    """

    kind = "webhook"
    dropped = 0

    def __init__(
        self,
        settings: WebhookSettings,
        allowed_hosts: tuple[str, ...],
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self._timeout_s, self._now = settings.name, settings.timeout_s, now
        self._shown = f"webhook {settings.name}"
        self._key = signing_key(look_up(settings.secret, self._shown, environment), self._shown)
        self._url = urlsplit(put_in(settings.url, self._shown, environment))
        if self._url.scheme not in ("http", "https"):
            raise ConfigError(
                f"{self._shown}: scheme {self._url.scheme!r} is neither http nor https"
            )
        check_host(self._url.hostname or "", allowed_hosts, self._shown)
        self._tls = _tls(settings) if self._url.scheme == "https" else None

    def deliver(self, message: Message) -> None:
        """Returns when the receiver answered 2xx; raises TryLaterError, NeverError."""
        try:
            answer, after = self._post(message)
        except (OSError, http.client.HTTPException) as error:
            raise TryLaterError(f"{self._shown}: {_cause(error)}") from None
        if 200 <= answer < 300:
            return
        told = f"{self._shown}: answered {answer} {http.client.responses.get(answer, '')}".rstrip()
        if answer in NEVER:
            raise NeverError(told)
        if 300 <= answer < 400:
            told += "; redirects are not followed, give the final address"
        raise TryLaterError(told, _seconds(after, self._now()), is_refusal=answer in REFUSALS)

    def close(self) -> None:
        """Nothing is held open."""

    def _post(self, message: Message) -> tuple[int, str | None]:
        """Returns the status and Retry-After."""
        body, timestamp = message.body.encode(), int(self._now())
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": "vigie",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message.message_id, timestamp, body),
        }
        target = self._url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection = self._connection()
        # Timeouts of sockets count from byte to byte; this one counts the whole delivery.
        watchdog = threading.Timer(self._timeout_s, _break_off, [connection])
        watchdog.start()
        try:
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            return response.status, response.getheader("Retry-After")
        finally:
            watchdog.cancel()
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)


def _tls(settings: WebhookSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        told = error.strerror or "not certificates"
        raise ConfigError(f"webhook {settings.name}: ca_file {settings.ca_file}: {told}") from None


def _break_off(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _cause(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "no answer"
    told = getattr(error, "strerror", None) or type(error).__name__
    return redacted(str(told))


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Returns how long Retry-After asks to wait: seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.fromtimestamp(now, UTC)).total_seconds())

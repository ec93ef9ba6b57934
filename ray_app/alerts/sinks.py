"""Builds the couriers a site file asks for."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ray_app.alerts.courier import Changes, Courier, Route
from ray_app.alerts.mqtt import MqttSink, OpenNow
from ray_app.alerts.ndjson import NdjsonSink
from ray_app.alerts.settings import AlertsSettings
from ray_app.alerts.webhook import WebhookSink


def build_couriers(
    alerts: AlertsSettings,
    site: str,
    folder: Path,
    changes: Changes,
    open_now: OpenNow,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Courier, ...]:
    """Returns one courier for every sink, not started.

    Args:
        alerts: Of the site file.
        site: Its name.
        folder: Of the live site.
        changes: The event store.
        open_now: Returns a camera's open situations.
        environment: Where secrets are looked up.

    Raises:
        ConfigError: A host that is not allowed, a secret that is not there.
        StoreError: An outbox cannot be made.
    """
    route = Route(site, folder / "outbox", alerts)
    hosts = alerts.allowed_hosts
    couriers = []
    if alerts.ndjson is not None:
        couriers.append(Courier(NdjsonSink(alerts.ndjson, folder), changes, route))
    for webhook in alerts.webhooks:
        sink = WebhookSink(webhook, hosts, environment)
        couriers.append(Courier(sink, changes, replace(route, retry=webhook.retry)))
    for broker in alerts.mqtt:
        mqtt = MqttSink(broker, site, open_now, hosts, environment)
        couriers.append(Courier(mqtt, changes, replace(route, retry=broker.retry)))
    return tuple(couriers)

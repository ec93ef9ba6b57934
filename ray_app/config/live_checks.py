"""Checks what a site says of watching live against the rest of it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.config.live_schema import LiveConfig
from ray_app.config.schema import SiteConfig
from ray_app.config.watches import camera_views
from ray_app.domain.errors import ConfigError
from ray_app.outside.hosts import check_host
from ray_app.outside.secrets import REFERENCE
from ray_app.video.live.address import check_address


def live_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields streams and receivers that may not be opened, floors above the analysed rate."""
    yield from _sink_problems(site)
    allowed = (site.live or LiveConfig()).allowed
    for view in camera_views(site):
        stream, rate_hz = view.camera.stream, view.camera.reading.rate_hz
        if stream is None:
            continue
        path = (*view.path, "stream")
        try:
            check_address(stream.address, allowed)
        except ConfigError as error:
            yield KeyProblem((*path, "address"), str(error), (("live", "allowed"),))
        if stream.floor_hz > rate_hz:
            problem = f"{stream.floor_hz:g} is above the analysed rate ({rate_hz:g})"
            rests_on = ((*view.path, "reading", "rate_hz"),)
            yield KeyProblem((*path, "floor_hz"), problem, rests_on)


def _sink_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields receivers of situations that may not be sent to."""
    alerts = (site.live or LiveConfig()).alerts
    above = ("live", "alerts")
    hosts: list[tuple[KeyPath, str]] = [
        ((*above, "webhooks", k, "url"), urlsplit(hook.url).hostname or "")
        for k, hook in enumerate(alerts.webhooks)
        if REFERENCE.search(hook.url) is None  # known once the reference is put in
    ]
    hosts += [((*above, "mqtt", k, "host"), broker.host) for k, broker in enumerate(alerts.mqtt)]
    for path, host in hosts:
        try:
            check_host(host, alerts.allowed_hosts, "sink")
        except ConfigError as error:
            problem = str(error).removeprefix("sink: ")
            yield KeyProblem(path, problem, ((*above, "allowed_hosts"),))

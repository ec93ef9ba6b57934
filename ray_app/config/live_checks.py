"""Checks what a site says of watching live against the rest of it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from models.smaller_input import at_share, shrinks_objects
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
    yield from _input_problems(site)
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


def _input_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields sizes to fall back to that come to the same pixels as the size before them."""
    for place, smaller in enumerate((site.live or LiveConfig()).smaller_inputs):
        for view in camera_views(site):
            networks = view.camera.networks
            before = at_share(networks, _share(site, place - 1))
            shrinks = smaller.share < _share(site, place - 1) and shrinks_objects(networks)
            if view.camera.stream is None or not shrinks:
                continue
            if at_share(networks, smaller.share).objects == before.objects:
                camera, side_px = view.camera.id, before.objects.input_px
                problem = f"{smaller.share:g} leaves camera {camera} at {side_px} px, as before it"
                rests_on = ((*view.path, "networks", "objects", "input_px"),)
                yield KeyProblem(("live", "smaller_inputs", place, "share"), problem, rests_on)


def _share(site: SiteConfig, place: int) -> float:
    """Returns the share of a size to fall back to; 1 of the usual one, before the first."""
    return 1.0 if place < 0 else (site.live or LiveConfig()).smaller_inputs[place].share


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

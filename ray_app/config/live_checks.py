"""Checks what a site says of watching live against the rest of it."""

from collections.abc import Iterator

from ray_app.config.faults import KeyProblem
from ray_app.config.live_schema import LiveConfig
from ray_app.config.schema import SiteConfig
from ray_app.config.watches import camera_views
from ray_app.domain.errors import ConfigError
from ray_app.video.live.address import check_address


def live_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields streams that may not be opened and floors above the analysed rate."""
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

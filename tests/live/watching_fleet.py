"""A live site of squares on a real Ray and Serve, and a fleet that reads real cameras."""

import contextlib
from dataclasses import replace
from pathlib import Path

import ray
from live_ray import BuildSlowSquares
from live_site import file_site, live_config, until
from ray import serve
from rtsp_cameras import Cameras
from square_footage import site

from models.settings import NetworkSettings
from ray_app.batch.ray_session import ray_session
from ray_app.config.live_schema import StreamConfig
from ray_app.live.app import places_of, start_detectors, start_fleet, stop_fleet
from ray_app.live.messages import Outcome
from ray_app.outside.retry import RetrySettings
from ray_app.video.live.stream_settings import StreamSettings

QUICK = RetrySettings(first_s=0.1, most_s=0.5, refused_s=60.0, healthy_s=2.0)
SOON = StreamSettings(open_s=4.0, read_s=1.5, stalled_s=0.8)


@contextlib.contextmanager
def slow_squares(slowness, folder):
    """Two replicas that take as long for a frame as a file says."""
    with ray_session(None, workers=3, gpus=0):
        serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR"})
        any_site = file_site(Path("/nowhere"), folder)
        detectors = replace(any_site.live.detectors, min_replicas=2)
        any_site = replace(any_site, live=replace(any_site.live, detectors=detectors))
        places = places_of(any_site, Path.cwd(), "run")
        start_detectors(any_site, places, BuildSlowSquares(slowness))
        yield
        serve.shutdown()


class Watching:
    """A fleet while it runs."""

    def __init__(self, site, folder):
        self.site, self.places = site, places_of(site, folder, "run")

    def __enter__(self):
        self.fleet = start_fleet(self.site, self.places)
        return self

    def __exit__(self, *_):
        stop_fleet(self.fleet)

    def cameras(self):
        return {c.camera_id: c for c in ray.get(self.fleet.cameras.remote())}

    def camera(self, camera_id):
        return self.cameras()[camera_id]

    def analysed(self):
        return {k: c.counts.by_outcome[Outcome.ANALYSED] for k, c in self.cameras().items()}

    def all_see_more(self, names, frames=3):
        before = self.analysed()
        until(
            lambda: all(self.analysed().get(k, 0) >= before.get(k, 0) + frames for k in names),
            lambda: f"{before} then {self.cameras()}",
        )


def rtsp_site(cameras, folder, names, values=(), rate_hz=5.0):
    """Cameras of one server, each with the squares' closed zone."""
    east = site().cameras[0]
    each = dict(zip(names, values, strict=False))
    configs = tuple(
        replace(
            east,
            id=name,
            footage=(f"{name}_*.mp4",),
            reading=replace(east.reading, rate_hz=rate_hz),
            stream=StreamConfig(
                address=cameras.address(number),
                value=each.get(name, "normal"),
                floor_hz=0.5,
                reading=SOON,
                retry=QUICK,
            ),
        )
        for number, name in enumerate(names)
    )
    return replace(site(), cameras=configs, live=live_config(folder))


@contextlib.contextmanager
def cameras_of(film, folder, names, cameras_each=4):
    """A server with these cameras, and a fleet that reads them."""
    with Cameras(film, cameras=len(names)) as cameras:
        asked = rtsp_site(cameras, folder, names)
        readers = replace(asked.live.readers, cameras_each=cameras_each)
        asked = replace(asked, live=replace(asked.live, readers=readers))
        with Watching(asked, folder) as watching:
            yield cameras, watching


def quiet(site):
    """The same site with nothing to watch for: no camera is raised by a situation.

    Batches are not padded: a frame less is work less.
    """
    no_watch = replace(site.cameras[0].situations, restricted_area=())
    alone = NetworkSettings(batch_size=1)
    cameras = tuple(replace(camera, situations=no_watch, networks=alone) for camera in site.cameras)
    return replace(site, cameras=cameras)

"""`vigie live`: cameras in, situations out, on one machine or a cluster."""

import json
import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from ray_app.batch.ray_session import ray_session
from ray_app.commands.live_folder import (
    is_kept_stopped,
    running_in,
    say_streams_closed,
    stop_running,
)
from ray_app.commands.live_view import show_status, told
from ray_app.config.live_schema import LiveConfig
from ray_app.config.load import load_site
from ray_app.config.schema import CameraConfig, SiteConfig
from ray_app.domain.errors import ConfigError
from ray_app.domain.event import Phase
from ray_app.live.messages import STOPPED, CameraReport

STATUS_EVERY_S, LOOK_EVERY_S = 10.0, 0.5
FLUSH_S = 3.0
PERSON = "command line"
WORKERS_NICE = "5"
"""Ray's own 15 leaves decoding of least value no room to give way to what matters more."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed; see `vigie live --help`."""

    site: Path
    address: str | None = None
    seconds: float | None = None
    every_frame: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What a run came to.

    Attributes:
        reports: How every camera did.
        opened: Ids of the situations that opened.
        ledger: Folder of the frame ledger.
    """

    reports: tuple[CameraReport, ...]
    opened: tuple[str, ...]
    ledger: Path


def run(request: Request) -> int:
    """Watches until it is stopped, the time is over, or every file came to its end."""
    console = Console(stderr=request.as_json)
    done = watch(request, console)
    if request.as_json:
        typer.echo(json.dumps(told(done.reports, done.opened), indent=2))
    else:
        console.print(f"stopped; frame ledger in {done.ledger}", soft_wrap=True)
    return 0


def watch(request: Request, console: Console) -> LiveRun:
    """Watches until it is stopped, the time is over, or every file came to its end.

    Raises:
        VigieError: The site cannot be watched.
    """
    site = _site(request)
    live = site.live or LiveConfig()
    folder = Path(live.folder).absolute()
    gpus = math.ceil(live.detectors.max_replicas * live.detectors.num_gpus)
    os.environ.setdefault("RAY_worker_niceness", WORKERS_NICE)
    with running_in(folder), ray_session(request.address, os.cpu_count() or 1, gpus):
        return _watch(request, console, site, folder)


def stop(folder: Path, *, as_json: bool) -> int:
    """Ends the live site that runs in a folder, on this machine or kept by a cluster."""
    closed_s = stop_running(folder)
    if as_json:
        typer.echo(json.dumps({"was_running": closed_s is not None, "streams_closed_s": closed_s}))
    elif closed_s is None:
        typer.echo(f"no live site runs in {folder}")
    else:
        typer.echo(f"stopped; every stream was closed after {closed_s:.1f} s")
    if is_kept_stopped(folder) and not as_json:
        typer.echo(f"the cluster watches again when {folder / STOPPED} is removed")
    return 0


def _site(request: Request) -> SiteConfig:
    """Returns the site as it is to be watched.

    Raises:
        ConfigError: The file has faults, or none of its cameras has a stream.
    """
    site = load_site(request.site)
    if not any(camera.stream for camera in site.cameras):
        raise ConfigError(
            f"{request.site}: no camera has a `stream`; add `stream: {{address: rtsp://...}}`"
        )
    if request.every_frame:
        site = replace(site, cameras=tuple(map(_with_every_frame, site.cameras)))
    if request.address is None:
        site = _fitted(site)
    return site


def _with_every_frame(camera: CameraConfig) -> CameraConfig:
    if camera.stream is None or not camera.stream.address.startswith("file://"):
        return camera
    return replace(camera, stream=replace(camera.stream, every_frame=True))


def _fitted(site: SiteConfig) -> SiteConfig:
    """Returns the site with no more replicas than this machine's cores can carry."""
    live = site.live or LiveConfig()
    detectors = live.detectors
    most = max(1, int((os.cpu_count() or 1) / detectors.num_cpus), detectors.min_replicas)
    fitted = replace(detectors, max_replicas=min(detectors.max_replicas, most))
    return replace(site, live=replace(live, detectors=fitted))


def _watch(request: Request, console: Console, site: SiteConfig, folder: Path) -> LiveRun:
    """Starts the parts, looks at them now and then, ends them in the other order."""
    import ray

    from ray_app.live.app import places_of
    from ray_app.live.ledger_record import record_run

    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    places = places_of(site, request.site.parent, name)
    record_run(site, request.site, places.ledger)
    with _desk(site, folder, places.evidence) as desk, _serving(site, places):
        with _fleet(site, places, folder) as fleet:
            _console(site, request.site.parent, folder)
            cameras = sum(camera.stream is not None for camera in site.cameras)
            ray.get(desk.note.remote("start", PERSON, f"{site.site}: {cameras} cameras"))
            api = (site.live or LiveConfig()).api
            console.print(f"watching {cameras} cameras; page: http://{api.host}:{api.port}/")
            with suppress(KeyboardInterrupt):
                _look_on(request, console, fleet, desk)
            reports = ray.get(fleet.cameras.remote())
        ray.get(desk.note.remote("stop", PERSON, site.site))
        ray.get(desk.flush.remote(FLUSH_S))
        opened = [s.event_id for s in ray.get(desk.situations.remote()) if s.opened_at is not None]
    return LiveRun(tuple(reports), tuple(opened), places.ledger)


def _look_on(request: Request, console: Console, fleet: Any, desk: Any) -> None:  # noqa: ANN401
    import ray

    began_s = shown_s = time.monotonic()
    while request.seconds is None or time.monotonic() - began_s < request.seconds:
        time.sleep(LOOK_EVERY_S)
        if ray.get(fleet.has_ended.remote()):
            console.print("every file came to its end")
            return
        if time.monotonic() - shown_s >= STATUS_EVERY_S:
            shown_s = time.monotonic()
            cameras, report = ray.get([fleet.cameras.remote(), fleet.report.remote()])
            known = ray.get(desk.situations.remote())
            is_open = sum(s.phase in (Phase.OPENED, Phase.UPDATED) for s in known)
            show_status(console, cameras, report, is_open)


@contextmanager
def _serving(site: SiteConfig, places: Any) -> Iterator[None]:  # noqa: ANN401
    from ray import serve

    from ray_app.live.app import start_detectors

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    api = (site.live or LiveConfig()).api
    serve.start(
        http_options={"host": api.host, "port": api.port},
        logging_config={"log_level": "ERROR", "enable_access_log": False},
    )
    try:
        start_detectors(site, places)
        yield
    finally:
        serve.shutdown()


@contextmanager
def _desk(site: SiteConfig, folder: Path, evidence: Path) -> Iterator[Any]:
    from ray_app.live.situation_desk import desk_plan, start_desk, stop_desk

    desk = start_desk(desk_plan(site, folder, evidence))
    try:
        yield desk
    finally:
        stop_desk(desk)


@contextmanager
def _fleet(site: SiteConfig, places: Any, folder: Path) -> Iterator[Any]:  # noqa: ANN401
    from ray_app.live.app import kill_fleet, start_fleet, stop_streams

    fleet = start_fleet(site, places)
    try:
        yield fleet
        stop_streams(fleet)
        say_streams_closed(folder)
    finally:
        kill_fleet(fleet)


def _console(site: SiteConfig, site_folder: Path, folder: Path) -> None:
    from ray import serve

    from ray_app.console.deployment import EVIDENCE, console_app, console_start

    api = (site.live or LiveConfig()).api
    start = console_start(
        site.site, api, site_folder, folder / EVIDENCE, is_authorised=site.authorisation is not None
    )
    serve.run(console_app(start), name="console", route_prefix="/", blocking=False)

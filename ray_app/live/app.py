"""Starts the parts of a live site on a running Ray, and stops them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve import Application

from models.settings import NetworkSettings
from models.zoo import build_detector
from ray_app.config.live_schema import LiveConfig
from ray_app.config.load import load_site
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError
from ray_app.live.detector_deployment import BuildDetector, Detectors
from ray_app.live.fleet_loop import FleetStart, width_of
from ray_app.live.lease import EvidencePlan
from ray_app.live.messages import FLEET, NAMESPACE
from ray_app.live.reader_fleet import ReaderFleet
from ray_app.live.reader_pool import READER
from ray_app.live.replica_count import DETECTORS
from ray_app.live.serve_config import detector_deployment, policy_kwargs
from ray_app.live.stack import at_input

EVIDENCE, LEDGER = "evidence", "ledger"
FLEET_THREADS = 16
STOPS_S = 2.0


@dataclass(frozen=True, slots=True)
class LivePlaces:
    """Where a live site lies.

    Attributes:
        folder: Of everything it writes, absolute: actors run elsewhere.
        ledger: Folder of this run's frame ledger.
        site_folder: Of the site file; files it names are relative to it.
    """

    folder: Path
    ledger: Path
    site_folder: Path

    @property
    def evidence(self) -> Path:
        """Folder of stills and clips."""
        return self.folder / EVIDENCE


def places_of(site: SiteConfig, site_folder: Path, run: str) -> LivePlaces:
    """Returns where a run of a site lies.

    Args:
        site: The site.
        site_folder: Of its file.
        run: Name of the run, as 20260725T180000Z.
    """
    folder = Path((site.live or LiveConfig()).folder).absolute()
    return LivePlaces(folder, folder / LEDGER / run, site_folder.absolute())


def networks_of(site: SiteConfig) -> tuple[NetworkSettings, ...]:
    """Returns the networks of all cameras that are read live, at every size, each once."""
    smaller = (site.live or LiveConfig()).smaller_inputs
    found: list[NetworkSettings] = []
    for camera in site.cameras:
        if camera.stream is not None:
            found.append(camera.networks)
            if not camera.stream.every_frame:
                found += [at_input(camera.networks, one) for one in smaller]
    return tuple(dict.fromkeys(found))


def detector_app(
    networks: Sequence[NetworkSettings], options: dict[str, Any], build: BuildDetector
) -> Application:
    """Returns the Serve application of the detector replicas.

    Args:
        networks: Ready before a replica is.
        options: Of the deployment (`serve_config.detector_deployment`).
        build: Builds the networks.
    """
    named = {key: value for key, value in options.items() if key != "name"}
    return Detectors.options(**named).bind(tuple(networks), build)


def detectors(args: dict[str, str]) -> Application:
    """Returns the detectors of a site file: `args: {site: PATH}` in Serve's config.

    Options stand in the config itself.

    Raises:
        ConfigError: The site file cannot be used.
    """
    return Detectors.bind(networks_of(load_site(Path(args["site"]))), build_detector)


def start_detectors(
    site: SiteConfig, places: LivePlaces, build: BuildDetector = build_detector
) -> None:
    """Deploys the detectors and waits until they are ready; needs Serve."""
    options = detector_deployment(site.live or LiveConfig(), places.site_folder)
    app = detector_app(networks_of(site), options, build)
    serve.run(app, name=DETECTORS, route_prefix=None, blocking=False)


def start_fleet(site: SiteConfig, places: LivePlaces, lifetime: str | None = None) -> Any:  # noqa: ANN401  an actor's handle
    """Starts the fleet, which starts its readers; returns its handle.

    Args:
        site: The site.
        places: Where it lies.
        lifetime: "detached" when it shall outlive who starts it.

    Raises:
        ConfigError: Another live site runs on this Ray.
    """
    live = site.live or LiveConfig()
    start = FleetStart(
        site,
        places.folder,
        places.ledger,
        EvidencePlan(live.evidence, places.evidence),
        policy_kwargs(live.scaling, live.detectors, places.site_folder),
        {camera.id: width_of(camera) for camera in site.cameras if camera.stream is not None},
    )
    actor = ray.remote(ReaderFleet).options(
        name=FLEET,
        namespace=NAMESPACE,
        num_cpus=0,
        max_restarts=-1,
        max_concurrency=FLEET_THREADS,
        lifetime=lifetime,
    )
    try:
        return actor.remote(start)
    except ValueError:
        raise ConfigError("a live site runs on this Ray already; end it first") from None


def stop_fleet(fleet: Any) -> bool:  # noqa: ANN401
    """Closes every stream and ends the fleet; returns whether it said so within two seconds."""
    try:
        return stop_streams(fleet)
    finally:
        kill_fleet(fleet)


def stop_streams(fleet: Any) -> bool:  # noqa: ANN401
    """Closes every stream; returns whether the fleet said so within two seconds."""
    try:
        ray.get(fleet.stop_all.remote(), timeout=STOPS_S)
    except RayError:
        return False
    return True


def kill_fleet(fleet: Any) -> None:  # noqa: ANN401
    """Ends the fleet, and readers it left."""
    ray.kill(fleet, no_restart=True)
    for actor in ray.util.list_named_actors(all_namespaces=True):
        if actor["namespace"] == NAMESPACE and actor["name"].startswith(READER):
            with suppress(ValueError):  # it ended meanwhile
                ray.kill(ray.get_actor(actor["name"], namespace=NAMESPACE), no_restart=True)


def stop_detectors() -> None:
    """Ends the replicas."""
    serve.delete(DETECTORS)

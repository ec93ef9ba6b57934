"""The Serve application that keeps desk and fleet of a site file there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.serve import Application

from ray_app.config.load import load_site
from ray_app.config.schema import SiteConfig
from ray_app.live.app import LivePlaces, places_of, start_fleet, stop_fleet
from ray_app.live.ledger_record import record_run
from ray_app.live.messages import DESK, FLEET
from ray_app.live.site_keeper import Keeper, SitePart, actor_named
from ray_app.live.situation_desk import ENDS_S, desk_plan, start_desk

PERSON = "keeper of the cluster"


def site(args: dict[str, str]) -> Application:
    """Returns the application: `args: {site: PATH, version: TEXT}` in Serve's config.

    Raises:
        ConfigError: The site file cannot be used.
    """
    path = Path(args["site"])
    read = load_site(path)
    places = _places(read, path.parent)
    return Keeper.bind(parts_of(read, path), places.folder, args["version"])


def parts_of(site: SiteConfig, path: Path) -> Sequence[SitePart]:
    """Returns desk and fleet of a site, in the order in which they start.

    Args:
        site: The site.
        path: Its file.
    """
    return (
        SitePart(DESK, partial(_start_desk, site, path.parent), _end_desk),
        SitePart(FLEET, partial(_start_fleet, site, path), partial(_end_fleet, site)),
    )


def _places(site: SiteConfig, folder: Path) -> LivePlaces:
    return places_of(site, folder, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))


def _start_desk(site: SiteConfig, folder: Path) -> None:
    places = _places(site, folder)
    start_desk(desk_plan(site, places.folder, places.evidence), lifetime="detached")


def _start_fleet(site: SiteConfig, path: Path) -> None:
    places = _places(site, path.parent)
    record_run(site, path, places.ledger)
    start_fleet(site, places, lifetime="detached")
    _note("start", site.site)


def _end_desk(desk: Any) -> None:  # noqa: ANN401  a handle of Ray's
    ray.get(desk.close.remote(), timeout=ENDS_S)


def _end_fleet(site: SiteConfig, fleet: Any) -> None:  # noqa: ANN401
    stop_fleet(fleet)
    _note("stop", site.site)


def _note(kind: str, detail: str) -> None:
    if (desk := actor_named(DESK)) is not None:
        ray.get(desk.note.remote(kind, PERSON, detail), timeout=ENDS_S)

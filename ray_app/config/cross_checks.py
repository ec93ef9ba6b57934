"""Checks that need more than one part of the site: names that must exist, places that must fit."""

from collections.abc import Iterator, Sequence

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.config.schema import (
    AbandonedObjectWatch,
    BottleneckWatch,
    CounterflowWatch,
    CrowdDensityWatch,
    CrowdMovementWatch,
    FireSmokeWatch,
    LineConfig,
    PersonDownWatch,
    RestrictedAreaWatch,
    SiteConfig,
    ZoneConfig,
)
from ray_app.config.schema_walk import advise_name
from ray_app.config.watches import CameraView, Watch, camera_views, watched_place

IN_PICTURE = RestrictedAreaWatch | FireSmokeWatch | AbandonedObjectWatch | PersonDownWatch
"""Watches that work on a zone in pixels."""


def cross_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields what does not fit together, at the key that should be mended."""
    yield from _repeated_cameras(site)
    for view in camera_views(site):
        yield from _place_problems(view)
        yield from _watch_problems(view)


def _repeated_cameras(site: SiteConfig) -> Iterator[KeyProblem]:
    ids: dict[str, int] = {}
    patterns: dict[str, str] = {}
    for index, camera in enumerate(site.cameras):
        # Folder names fall together on file systems that do not know case.
        if camera.id.lower() in ids:
            problem = f"{camera.id!r} is the id of camera {ids[camera.id.lower()]} too; rename one"
            yield KeyProblem(("cameras", index, "id"), problem)
        ids.setdefault(camera.id.lower(), index)
        for number, pattern in enumerate(camera.footage):
            owner = patterns.setdefault(pattern, camera.id)
            if owner != camera.id:
                problem = f"{pattern!r} is the footage of camera {owner!r} too; keep one"
                yield KeyProblem(("cameras", index, "footage", number), problem)


def _place_problems(view: CameraView) -> Iterator[KeyProblem]:
    seen: set[str] = set()
    kinds: dict[str, Sequence[ZoneConfig | LineConfig]]
    kinds = {"zones": view.camera.zones, "lines": view.camera.lines}
    for kind, places in kinds.items():
        for index, place in enumerate(places):
            path = (*view.path, kind, index)
            if place.name in seen:
                problem = (
                    f"{place.name!r} names another zone or line of this camera too; rename one"
                )
                yield KeyProblem((*path, "name"), problem)
            seen.add(place.name)
            yield from _uncalibrated_place(view, path, place)


def _uncalibrated_place(
    view: CameraView, path: KeyPath, place: ZoneConfig | LineConfig
) -> Iterator[KeyProblem]:
    calibration = (*view.path, "calibration")
    if view.camera.calibration is not None or _is_in_picture(place):
        return
    key = "polygon_m" if isinstance(place, ZoneConfig) else "start_m"
    other = ", or give polygon_px" if isinstance(place, ZoneConfig) else ""
    problem = f"the camera has no calibration to find metres with; add calibration{other}"
    yield KeyProblem((*path, key), problem, (calibration,))


def _is_in_picture(place: ZoneConfig | LineConfig) -> bool:
    return isinstance(place, ZoneConfig) and place.polygon_px is not None


def _watch_problems(view: CameraView) -> Iterator[KeyProblem]:
    watched: set[tuple[str, str]] = set()
    for situation, path, watch in view.watches():
        key, place = watched_place(watch)
        if (situation, place) in watched:
            problem = f"{situation} is watched at {place!r} twice; keep one"
            yield KeyProblem((*path, "settings", key), problem)
        watched.add((situation, place))
        settings = (*path, "settings")
        if isinstance(watch, FireSmokeWatch | AbandonedObjectWatch):
            yield from _seen_problems(view, path, watch)
            continue
        if isinstance(watch, PersonDownWatch):
            if watch.settings.zone is not None:
                yield from _zone_problems(view, (*settings, "zone"), watch.settings.zone, watch)
            continue
        if isinstance(watch, BottleneckWatch):
            yield from _line_problem(view, (*settings, "line"), watch.settings.line)
            zone_key, name = "queue_zone", watch.settings.queue_zone
        else:
            zone_key, name = "zone", watch.settings.zone
        yield from _zone_problems(view, (*settings, zone_key), name, watch)


def _seen_problems(
    view: CameraView, path: KeyPath, watch: FireSmokeWatch | AbandonedObjectWatch
) -> Iterator[KeyProblem]:
    """Yields what is wrong with a watch that needs an eye of its own; its zone may be left out."""
    fire = isinstance(watch, FireSmokeWatch)
    key, cure = ("fire", "{name: fire_smoke_detector}") if fire else ("grid", "{width_px: 640}")
    if getattr(view.camera.networks, key) is None:
        problem = f"missing, and {path[-2]} looks at nothing else; add {cure}"
        yield KeyProblem((*view.path, "networks", key), problem, (view.path,))
    if watch.settings.zone is not None:
        yield from _zone_problems(view, (*path, "settings", "zone"), watch.settings.zone, watch)


def _line_problem(view: CameraView, path: KeyPath, name: str) -> Iterator[KeyProblem]:
    if view.line(name) is None:
        names = tuple(line.name for line in view.camera.lines)
        problem = f"no line {name!r} in camera {view.camera.id!r}; {advise_name(name, names)}"
        yield KeyProblem(path, problem, ((*view.path, "lines"),))


def _zone_problems(
    view: CameraView, path: KeyPath, name: str, watch: Watch
) -> Iterator[KeyProblem]:
    zone = view.zone(name)
    if zone is None:
        names = tuple(zone.name for zone in view.camera.zones)
        problem = f"no zone {name!r} in camera {view.camera.id!r}; {advise_name(name, names)}"
        yield KeyProblem(path, problem, ((*view.path, "zones"),))
    elif zone.polygon_px is not None:
        yield from _picture_zone_problem(view, path, zone, watch)


def _picture_zone_problem(
    view: CameraView, path: KeyPath, zone: ZoneConfig, watch: Watch
) -> Iterator[KeyProblem]:
    calibration = (*view.path, "calibration")
    if isinstance(watch, CounterflowWatch):
        if watch.settings.min_displacement_px is None:
            problem = f"missing; zone {zone.name!r} is in pixels: add `min_displacement_px: 40`"
            yield KeyProblem((*path[:-1], "min_displacement_px"), problem)
    elif not isinstance(watch, IN_PICTURE):
        unit = "flow"
        if isinstance(watch, CrowdDensityWatch):
            unit = "people per square metre"
        elif isinstance(watch, CrowdMovementWatch):
            unit = "metres per second"
        lacking = "" if view.camera.calibration else "calibration to the camera and "
        problem = (
            f"zone {zone.name!r} is in pixels, which cannot tell {unit}; add {lacking}polygon_m"
        )
        yield KeyProblem(path, problem, (calibration,))

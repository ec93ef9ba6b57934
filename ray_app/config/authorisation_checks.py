"""Checks the site against its own authorisation: what is not granted is a fault, not a surprise."""

from collections.abc import Iterator

from shapely.geometry import Polygon

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.faults import KeyProblem
from ray_app.config.polygons import polygon_fault
from ray_app.config.schema import SiteConfig
from ray_app.config.schema_walk import advise_name
from ray_app.config.watches import SITUATIONS, CameraView, camera_views

PATH = ("authorisation",)


def authorisation_problems(site: SiteConfig) -> Iterator[KeyProblem]:
    """Yields what the site asks for and its authorisation does not cover."""
    if site.authorisation is None:
        return
    yield from _unknown_names(site, site.authorisation)
    fault = polygon_fault("perimeter_m", site.authorisation.perimeter_m)
    if fault is not None:
        yield KeyProblem((*PATH, fault[0]), fault[1])
    for view in camera_views(site):
        yield from _ungranted(site.authorisation, view)
        if fault is None:
            yield from _outside(site.authorisation, view)


def _unknown_names(site: SiteConfig, grant: AuthorisationSettings) -> Iterator[KeyProblem]:
    for index, name in enumerate(grant.situations):
        if name not in SITUATIONS:
            problem = f"unknown situation {name!r}; {advise_name(name, SITUATIONS)}"
            yield KeyProblem((*PATH, "situations", index), problem)
    ids = tuple(camera.id for camera in site.cameras)
    for index, name in enumerate(grant.cameras):
        if name not in ids:
            problem = f"no camera {name!r} in this site; {advise_name(name, ids)}"
            rests_on = tuple(("cameras", number, "id") for number in range(len(ids)))
            yield KeyProblem((*PATH, "cameras", index), problem, rests_on)


def _ungranted(grant: AuthorisationSettings, view: CameraView) -> Iterator[KeyProblem]:
    if view.camera.id not in grant.cameras:
        problem = f"{view.camera.id!r} is not in authorisation.cameras; add it there or drop it"
        yield KeyProblem((*view.path, "id"), problem, ((*PATH, "cameras"),))
    for situation in dict.fromkeys(situation for situation, _, _ in view.watches()):
        if situation not in grant.situations:
            problem = f"{situation} is not in authorisation.situations; add it there or drop it"
            where = (*view.path, "situations", situation)
            yield KeyProblem(where, problem, ((*PATH, "situations"),))


def _outside(grant: AuthorisationSettings, view: CameraView) -> Iterator[KeyProblem]:
    if grant.perimeter_m is None:
        return
    perimeter = Polygon(grant.perimeter_m)
    for index, zone in enumerate(view.camera.zones):
        if zone.polygon_m is not None and not Polygon(zone.polygon_m).intersects(perimeter):
            problem = f"{zone.name!r} lies outside authorisation.perimeter_m: nothing may be told"
            where = (*view.path, "zones", index, "polygon_m")
            yield KeyProblem(where, problem, ((*PATH, "perimeter_m"),))

"""Builds the blocks a site file asks for. The one place that knows every concrete class."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from ray_app.analysis.camera_analyzer import (
    CameraAnalyzer,
    CameraGround,
    Health,
    ProjectionOf,
    Watch,
)
from ray_app.analysis.camera_health import CameraHealth
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.authorisation.mask import PerimeterMask
from ray_app.config.schema import CalibrationConfig, CameraConfig, SituationsConfig, ZoneConfig
from ray_app.domain.errors import CalibrationError
from ray_app.domain.observation import DronePose, Observation
from ray_app.domain.place import GroundZone, Line, Outline, PictureZone, Zone
from ray_app.domain.protocols import GroundProjection
from ray_app.geo.calibration import DroneCalibration, HomographyCalibration, PinholeCalibration
from ray_app.geo.drone import drone_projection
from ray_app.geo.picture_outlines import outlines_in_picture
from ray_app.geo.projection import build_projection
from ray_app.situations.abandoned_object import AbandonedObject
from ray_app.situations.bottleneck import Bottleneck
from ray_app.situations.counterflow import Counterflow
from ray_app.situations.crowd_density import CrowdDensity
from ray_app.situations.crowd_movement import CrowdMovement
from ray_app.situations.fire_smoke import FireSmoke
from ray_app.situations.person_down import PersonDown
from ray_app.situations.restricted_area import RestrictedArea
from ray_app.video.clip import Clip
from ray_app.video.telemetry import poses_beside

PoseAt = Callable[[float], DronePose | None]
OutlinesOf = Callable[[Observation], tuple[Outline, ...]]


def build_analyzer(
    camera: CameraConfig, authorisation: AuthorisationSettings | None
) -> CameraAnalyzer:
    """Returns a fresh analyzer with no memory; situations not authorised are left out."""
    allowed = None if authorisation is None else set(authorisation.situations)
    zones = {zone.name: build_zone(zone) for zone in camera.zones}
    lines = {line.name: Line(line.name, line.start_m, line.end_m) for line in camera.lines}
    watches = build_watches(camera.situations, zones, lines)
    return CameraAnalyzer(
        camera.id,
        camera.reading.rate_hz,
        [watch for watch in watches if allowed is None or watch.situation.name in allowed],
        CameraGround(
            build_projection_of(camera.calibration),
            tuple(zones.values()),
            None if authorisation is None else authorisation.perimeter_m,
        ),
        health=build_health(camera),
    )


def build_health(camera: CameraConfig) -> Health:
    """Returns what looks after the camera itself; a drone moves by trade."""
    asked = camera.health
    if camera.calibration is not None and camera.calibration.drone is not None:
        asked = replace(asked, faults=tuple(name for name in asked.faults if name != "moved"))
    return Health(CameraHealth(asked), asked.alarm)


def build_watches(
    asked: SituationsConfig, zones: dict[str, Zone], lines: dict[str, Line]
) -> list[Watch]:
    """Returns one watch per line of the site file, each with a situation of its own."""
    watches = [
        Watch(CrowdDensity(w.settings, _on_ground(zones[w.settings.zone])), w.alarm)
        for w in asked.crowd_density
    ]
    watches += [
        Watch(
            Bottleneck(
                w.settings, lines[w.settings.line], _on_ground(zones[w.settings.queue_zone])
            ),
            w.alarm,
        )
        for w in asked.bottleneck
    ]
    watches += [
        Watch(Counterflow(w.settings, zones[w.settings.zone]), w.alarm) for w in asked.counterflow
    ]
    watches += [
        Watch(RestrictedArea(w.settings, zones[w.settings.zone]), w.alarm)
        for w in asked.restricted_area
    ]
    watches += [
        Watch(FireSmoke(w.settings, zones[w.settings.zone] if w.settings.zone else None), w.alarm)
        for w in asked.fire_smoke
    ]
    watches += [
        Watch(
            AbandonedObject(w.settings, zones[w.settings.zone] if w.settings.zone else None),
            w.alarm,
        )
        for w in asked.abandoned_object
    ]
    watches += [
        Watch(CrowdMovement(w.settings, _on_ground(zones[w.settings.zone])), w.alarm)
        for w in asked.crowd_movement
    ]
    watches += [
        Watch(PersonDown(w.settings, zones[w.settings.zone] if w.settings.zone else None), w.alarm)
        for w in asked.person_down
    ]
    return watches


def build_zone(zone: ZoneConfig) -> Zone:
    """Returns the zone, on the ground or in the picture."""
    if zone.polygon_m is not None:
        return GroundZone(zone.name, zone.polygon_m)
    if zone.polygon_px is None:
        raise ValueError(f"zone {zone.name!r} has no outline")
    return PictureZone(zone.name, zone.polygon_px)


def build_projection_of(calibration: CalibrationConfig | None) -> ProjectionOf | None:
    """Returns what lays an observation on the ground; None without calibration."""
    if calibration is None:
        return None
    fixed = calibration.homography or calibration.pinhole
    if fixed is not None:
        return partial(_project_fixed, fixed)
    if calibration.drone is None:
        return None
    return partial(_project_drone, calibration.drone)


def build_outlines(camera: CameraConfig) -> OutlinesOf:
    """Returns what tells where the camera's zones and lines lie in the picture of a frame."""
    places = (
        *(build_zone(zone) for zone in camera.zones),
        *(Line(line.name, line.start_m, line.end_m) for line in camera.lines),
    )
    project = build_projection_of(camera.calibration)

    def outlines(seen: Observation) -> tuple[Outline, ...]:
        try:
            projection = None if project is None else project(seen)
        except CalibrationError:  # a drone without pose: the picture is shown without outlines
            projection = None
        return outlines_in_picture(places, projection)

    return outlines


def build_mask(
    camera: CameraConfig, authorisation: AuthorisationSettings | None
) -> PerimeterMask | None:
    """Returns what blackens the camera's frames outside the perimeter; None without one."""
    if authorisation is None or authorisation.perimeter_m is None:
        return None
    return PerimeterMask(authorisation.perimeter_m, build_projection_of(camera.calibration))


def follow_drone(clip: Clip, calibration: DroneCalibration) -> PoseAt:
    """Returns the drone's pose by seconds on the camera's time line."""
    pose_at = poses_beside(
        clip.url,
        gps_order=calibration.gps_order,
        altitude_reference=calibration.altitude_reference,
    )
    return lambda time_s: pose_at(clip.file_time_s(time_s))


@lru_cache(maxsize=64)
def _fixed_projection(
    calibration: HomographyCalibration | PinholeCalibration, size_px: tuple[int, int]
) -> GroundProjection:
    return build_projection(calibration, size_px)


def _project_fixed(
    calibration: HomographyCalibration | PinholeCalibration, observation: Observation
) -> GroundProjection:
    return _fixed_projection(calibration, observation.source_size_px)


def _project_drone(calibration: DroneCalibration, observation: Observation) -> GroundProjection:
    if observation.pose is None:
        raise CalibrationError(
            "no telemetry at this instant; put the drone's .SRT beside its video"
        )
    return drone_projection(observation.pose, calibration, observation.source_size_px)


def _on_ground(zone: Zone) -> GroundZone:
    if isinstance(zone, GroundZone):
        return zone
    raise CalibrationError(
        f"zone {zone.name!r} is in pixels: people per square metre need a calibration and polygon_m"
    )

"""The whole site file; each leaf lives beside the code it configures."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from models.settings import NetworkSettings
from ray_app.analysis.camera_health import CameraHealthSettings
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.config.live_schema import LiveConfig, StreamConfig
from ray_app.config.polygons import polygon_fault
from ray_app.domain.geometry import Points
from ray_app.domain.ranges import KeyFault, refuse_faults
from ray_app.domain.settings import settings
from ray_app.geo.calibration import DroneCalibration, HomographyCalibration, PinholeCalibration
from ray_app.situations.abandoned_object import AbandonedObjectSettings
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.crowd_movement import CrowdMovementSettings
from ray_app.situations.fire_smoke import FireSmokeSettings
from ray_app.situations.person_down import PersonDownSettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.reading import ReadingSettings


@settings
class CalibrationConfig:
    """Exactly one way to tell where pixels lie on the ground."""

    homography: HomographyCalibration | None = None
    pinhole: PinholeCalibration | None = None
    drone: DroneCalibration | None = None

    def __post_init__(self) -> None:
        given = [way for way in ("homography", "pinhole", "drone") if getattr(self, way)]
        if not given:
            raise ValueError("nothing given; add one of homography, pinhole, drone")
        refuse_faults(
            *((way, f"{given[0]} is given too; keep exactly one") for way in given[1:]),
        )


@settings
class ZoneConfig:
    """A named area: on the ground (polygon_m) or, without calibration, in the picture."""

    name: str
    polygon_m: Points | None = None
    polygon_px: Points | None = None

    def __post_init__(self) -> None:
        if self.polygon_m is None and self.polygon_px is None:
            raise ValueError(
                f"zone {self.name!r} has no outline; add polygon_m, as [[0, 0], [10, 0], [10, 5]], "
                "or polygon_px for a camera without calibration"
            )
        both = ("polygon_px", "polygon_m is given too; keep exactly one")
        refuse_faults(
            _name_fault("name", self.name),
            both if self.polygon_m is not None and self.polygon_px is not None else None,
            polygon_fault("polygon_m", self.polygon_m),
            polygon_fault("polygon_px", self.polygon_px),
        )


@settings
class LineConfig:
    """A named line people pass; left of start -> end is the way out."""

    name: str
    start_m: tuple[float, float]
    end_m: tuple[float, float]

    def __post_init__(self) -> None:
        point = ("end_m", "is the same point as start_m; a line has a length")
        refuse_faults(_name_fault("name", self.name), point if self.start_m == self.end_m else None)


@settings
class CrowdDensityWatch:
    """Crowd density in one zone, with its alarm levels in people per square metre."""

    settings: CrowdDensitySettings
    alarm: HysteresisSettings


@settings
class BottleneckWatch:
    """One passage, with its alarm levels in seconds of waiting."""

    settings: BottleneckSettings
    alarm: HysteresisSettings


@settings
class CounterflowWatch:
    """Counter-flow in one zone, with its alarm levels in people."""

    settings: CounterflowSettings
    alarm: HysteresisSettings


@settings
class RestrictedAreaWatch:
    """One closed zone, with its alarm levels in people and vehicles."""

    settings: RestrictedAreaSettings
    alarm: HysteresisSettings


@settings
class FireSmokeWatch:
    """Flame and smoke in one zone or the whole view, with its alarm levels in certainty, 0 to 1."""

    settings: FireSmokeSettings = FireSmokeSettings()
    alarm: HysteresisSettings = HysteresisSettings(
        open_at=0.5, close_at=0.3, hold_s=2.0, release_s=10.0
    )


@settings
class AbandonedObjectWatch:
    """Things left alone in one zone or the whole view, with its alarm levels in seconds."""

    settings: AbandonedObjectSettings = AbandonedObjectSettings()
    alarm: HysteresisSettings = HysteresisSettings(
        open_at=10.0, close_at=1.0, hold_s=0.0, release_s=30.0
    )


@settings
class CrowdMovementWatch:
    """Sudden movement of the crowd in one zone, with its alarm levels in times the limit."""

    settings: CrowdMovementSettings
    alarm: HysteresisSettings = HysteresisSettings(
        open_at=1.0, close_at=0.7, hold_s=0.6, release_s=3.0
    )


@settings
class PersonDownWatch:
    """People who fell, in one zone or the whole view, with its alarm levels in seconds."""

    settings: PersonDownSettings = PersonDownSettings()
    alarm: HysteresisSettings = HysteresisSettings(
        open_at=10.0, close_at=1.0, hold_s=0.0, release_s=3.0
    )


@settings
class SituationsConfig:
    """What is watched for in one camera; a situation left out does not run."""

    crowd_density: tuple[CrowdDensityWatch, ...] = ()
    bottleneck: tuple[BottleneckWatch, ...] = ()
    counterflow: tuple[CounterflowWatch, ...] = ()
    restricted_area: tuple[RestrictedAreaWatch, ...] = ()
    fire_smoke: tuple[FireSmokeWatch, ...] = ()
    abandoned_object: tuple[AbandonedObjectWatch, ...] = ()
    crowd_movement: tuple[CrowdMovementWatch, ...] = ()
    person_down: tuple[PersonDownWatch, ...] = ()


@settings
class CameraConfig:
    """One camera: its footage, its geometry, what to watch for in it.

    Attributes:
        footage: Patterns matched against file names under --footage (`gate_*.mp4`).
        started_at: Start of the first file, with a time zone, where files do not tell.
        start_pattern: strftime pattern of a file name's time, as `cam1_%Y%m%d_%H%M%S`.
        health: When the camera itself is taken to fail.
        time_zone: IANA name for times written without a zone (file names, telemetry).
        stream: Where it is read live; None for a camera that is only looked at in footage.
    """

    id: str
    footage: tuple[str, ...]
    started_at: datetime | None = None
    start_pattern: str | None = None
    time_zone: str = "UTC"
    reading: ReadingSettings = ReadingSettings()
    networks: NetworkSettings = NetworkSettings()
    health: CameraHealthSettings = CameraHealthSettings()
    calibration: CalibrationConfig | None = None
    zones: tuple[ZoneConfig, ...] = ()
    lines: tuple[LineConfig, ...] = ()
    situations: SituationsConfig = SituationsConfig()
    stream: StreamConfig | None = None

    def __post_init__(self) -> None:
        no_footage = ("footage", "is empty; give patterns of file names, as ['gate_*.mp4']")
        refuse_faults(
            _id_fault(self.id),
            None if self.footage and all(p.strip() for p in self.footage) else no_footage,
            _moment_fault("started_at", self.started_at),
            _pattern_fault(self.start_pattern),
            _time_zone_fault(self.time_zone),
        )


@settings
class SiteConfig:
    """One venue on one day."""

    site: str
    cameras: tuple[CameraConfig, ...]
    authorisation: AuthorisationSettings | None = None
    live: LiveConfig | None = None

    def __post_init__(self) -> None:
        no_camera = ("cameras", "is empty; list at least one camera")
        refuse_faults(_name_fault("site", self.site), None if self.cameras else no_camera)


def _name_fault(key: str, name: str) -> KeyFault | None:
    if name == name.strip() and name.isprintable() and 1 <= len(name) <= 80:
        return None
    return key, f"{name!r} is no name; give 1 to 80 printable characters, no space at the ends"


def _id_fault(name: str) -> KeyFault | None:
    # Ids become folder names, and parts of event ids between slashes.
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        return None
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:64] or "camera_1"
    return "id", f"{name!r} may hold only letters, digits, _ and -; as {cleaned!r}"


def _moment_fault(key: str, moment: datetime | None) -> KeyFault | None:
    if moment is None or moment.utcoffset() is not None:
        return None
    return key, f"{moment.isoformat()} has no time zone; add it, as {moment.isoformat()}+02:00"


def _pattern_fault(pattern: str | None) -> KeyFault | None:
    if pattern is None:
        return None
    example = "as cam1_%Y%m%d_%H%M%S"
    moment = datetime(2024, 7, 26, 18, 35, 42)  # noqa: DTZ001  any time with all parts known
    try:
        read = datetime.strptime(moment.strftime(pattern), pattern)  # noqa: DTZ007
    except ValueError:
        return "start_pattern", f"{pattern!r} is no strftime pattern; {example}"
    if read.replace(second=0, tzinfo=None) != moment.replace(second=0):
        return "start_pattern", f"{pattern!r} does not tell date, hour and minute; {example}"
    return None


def _time_zone_fault(name: str) -> KeyFault | None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return "time_zone", f"unknown time zone {name!r}; give an IANA name, as Europe/Paris"
    return None

"""The whole site file; each leaf lives beside the code it configures."""

from datetime import datetime

from models.settings import NetworkSettings
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.domain.geometry import Points
from ray_app.domain.settings import settings
from ray_app.geo.calibration import DroneCalibration, HomographyCalibration, PinholeCalibration
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.situations.counterflow import CounterflowSettings
from ray_app.situations.crowd_density import CrowdDensitySettings
from ray_app.situations.restricted_area import RestrictedAreaSettings
from ray_app.video.reading import ReadingSettings


@settings
class CalibrationConfig:
    """Exactly one way to tell where pixels lie on the ground."""

    homography: HomographyCalibration | None = None
    pinhole: PinholeCalibration | None = None
    drone: DroneCalibration | None = None


@settings
class ZoneConfig:
    """A named area: on the ground (polygon_m) or, without calibration, in the picture."""

    name: str
    polygon_m: Points | None = None
    polygon_px: Points | None = None


@settings
class LineConfig:
    """A named line people pass; left of start -> end is the way out."""

    name: str
    start_m: tuple[float, float]
    end_m: tuple[float, float]


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
class SituationsConfig:
    """What is watched for in one camera; a situation left out does not run."""

    crowd_density: tuple[CrowdDensityWatch, ...] = ()
    bottleneck: tuple[BottleneckWatch, ...] = ()
    counterflow: tuple[CounterflowWatch, ...] = ()
    restricted_area: tuple[RestrictedAreaWatch, ...] = ()


@settings
class CameraConfig:
    """One camera: its footage, its geometry, what to watch for in it.

    Attributes:
        footage: Patterns matched against file names under --footage (`gate_*.mp4`).
        started_at: Start of the first file, with a time zone, where files do not tell.
        start_pattern: strftime pattern of a file name's time, as `cam1_%Y%m%d_%H%M%S`.
        time_zone: IANA name for times written without a zone (file names, telemetry).
    """

    id: str
    footage: tuple[str, ...]
    started_at: datetime | None = None
    start_pattern: str | None = None
    time_zone: str = "UTC"
    reading: ReadingSettings = ReadingSettings()
    networks: NetworkSettings = NetworkSettings()
    calibration: CalibrationConfig | None = None
    zones: tuple[ZoneConfig, ...] = ()
    lines: tuple[LineConfig, ...] = ()
    situations: SituationsConfig = SituationsConfig()


@settings
class SiteConfig:
    """One venue on one day."""

    site: str
    cameras: tuple[CameraConfig, ...]
    authorisation: AuthorisationSettings | None = None

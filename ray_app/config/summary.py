"""What was understood of a site file, for `vigie check` to show."""

from dataclasses import dataclass

from models.settings import NetworkSettings
from models.smaller_input import at_share
from ray_app.config.live_schema import SmallerInput
from ray_app.config.schema import CalibrationConfig, CameraConfig, SiteConfig, ZoneConfig
from ray_app.config.watches import CameraView, Watch, camera_views, watched_place
from ray_app.domain.geometry import polygon_area
from ray_app.geo.homography_projection import reprojection_error
from ray_app.outside.secrets import redacted

UNITS = {
    "crowd_density": "people/m2",
    "bottleneck": "s to clear",
    "counterflow": "people",
    "restricted_area": "people and vehicles",
    "fire_smoke": "certainty",
    "abandoned_object": "s alone",
    "crowd_movement": "times limit",
    "person_down": "s down",
}


@dataclass(frozen=True, slots=True)
class ZoneSummary:
    """One zone; area_m2 is None for a zone given in pixels."""

    name: str
    area_m2: float | None


@dataclass(frozen=True, slots=True)
class WatchSummary:
    """One watched situation with its alarm levels, in `unit`."""

    situation: str
    place: str
    open_at: float
    close_at: float
    hold_s: float
    release_s: float
    unit: str


@dataclass(frozen=True, slots=True)
class CameraSummary:
    """One camera; calibration is a sentence on the way and its error.

    Attributes:
        live: Where it is read live, or that it is not; None where nothing of the site is live.
    """

    id: str
    footage: tuple[str, ...]
    rate_hz: float
    networks: str
    calibration: str
    zones: tuple[ZoneSummary, ...]
    lines: tuple[str, ...]
    watches: tuple[WatchSummary, ...]
    live: str | None


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """The whole site; authorisation is a sentence."""

    site: str
    authorisation: str
    cameras: tuple[CameraSummary, ...]


def summarise(site: SiteConfig) -> SiteSummary:
    """Returns what a site file asks for."""
    is_live = site.live is not None or any(camera.stream for camera in site.cameras)
    held = site.live.detectors.num_gpus if site.live else 0.0
    smaller = site.live.smaller_inputs if site.live else ()
    cameras = tuple(
        _camera(view, smaller, is_live=is_live, num_gpus=held) for view in camera_views(site)
    )
    return SiteSummary(site.site, _authorisation(site), cameras)


def summary_lines(summary: SiteSummary) -> tuple[str, ...]:
    """Returns the summary as lines of text."""
    lines = [f"site {summary.site}", f"  authorisation: {summary.authorisation}"]
    for camera in summary.cameras:
        lines += [f"camera {camera.id}: {camera.rate_hz:g} frames/s of {', '.join(camera.footage)}"]
        lines += [f"  networks: {camera.networks}", f"  calibration: {camera.calibration}"]
        lines += [f"  live: {camera.live}"] if camera.live else []
        lines += [f"  zone {zone.name}: {_area(zone)}" for zone in camera.zones]
        lines += [f"  line {line}" for line in camera.lines]
        lines += [f"  {_watch_line(watch)}" for watch in camera.watches]
        if not camera.watches:
            lines.append("  watches nothing: no situation is listed")
    return tuple(lines)


def _camera(
    view: CameraView, smaller: tuple[SmallerInput, ...], *, is_live: bool, num_gpus: float
) -> CameraSummary:
    camera = view.camera
    return CameraSummary(
        id=camera.id,
        footage=camera.footage,
        rate_hz=camera.reading.rate_hz,
        networks=f"{_networks(camera)}; {_device(camera, num_gpus)}",
        calibration=_calibration(camera.calibration),
        zones=tuple(_zone(zone) for zone in camera.zones),
        lines=tuple(line.name for line in camera.lines),
        watches=tuple(_watch(situation, watch) for situation, _, watch in view.watches()),
        live=_live(camera, smaller) if is_live else None,
    )


def _live(camera: CameraConfig, smaller: tuple[SmallerInput, ...]) -> str:
    stream = camera.stream
    if stream is None:
        return "not read, it has no `stream`"
    pace = "every frame, as fast as it goes" if stream.every_frame else "newest frame first"
    return (
        f"{redacted(stream.address)}, {stream.value}, {pace}, "
        f"at least {stream.floor_hz:g} frames/s while capacity is short"
        f"{_smaller(camera, smaller)}"
    )


def _smaller(camera: CameraConfig, smaller: tuple[SmallerInput, ...]) -> str:
    """Returns at which input sizes the camera is looked at before it gets fewer frames still."""
    if not smaller or camera.stream is None or camera.stream.every_frame:
        return ""
    sizes = [at_share(camera.networks, one.share, one.tiles) for one in smaller]
    told = dict.fromkeys(_size(size, camera) for size in sizes if size != camera.networks)
    return f", then at {', '.join(told)}" if told else "; its networks know one input size only"


def _size(networks: NetworkSettings, camera: CameraConfig) -> str:
    objects, fire = networks.objects, networks.fire
    tiles = f" in {objects.tiles} x {objects.tiles} tiles" if objects.tiles > 1 else ""
    if objects.tiles == 1 < camera.networks.objects.tiles:
        tiles = " without tiles"
    return f"{objects.input_px} px{tiles}{f' and fire at {fire.input_px} px' if fire else ''}"


def _networks(camera: CameraConfig) -> str:
    objects = camera.networks.objects
    tiles = f", {objects.tiles} x {objects.tiles} tiles" if objects.tiles > 1 else ""
    crowd = camera.networks.crowd.name if camera.networks.crowd else "no head counter"
    asked = camera.networks
    fire = f"; {asked.fire.name} at {asked.fire.input_px} px" if asked.fire else ""
    grid = f"; grid of {asked.grid.cell_px} px cells" if asked.grid else ""
    return f"{objects.name} at {objects.input_px} px{tiles}; {crowd}{fire}{grid}"


def _device(camera: CameraConfig, num_gpus: float) -> str:
    """Returns where the networks run, and that a GPU a replica holds lies idle, or is missing."""
    asked = camera.networks
    told = f"on {asked.device} by {asked.batch_size}"
    if num_gpus > 0 and asked.device == "cpu":
        return f"{told}: the GPU that live.detectors.num_gpus holds is not used; set device: cuda"
    if num_gpus == 0 and asked.device != "cpu" and camera.stream is not None:
        return f"{told}: set live.detectors.num_gpus, or Ray starts replicas where no GPU is"
    return told


def _calibration(calibration: CalibrationConfig | None) -> str:
    if calibration is None:
        return "none: counts only, no people per square metre"
    if calibration.homography is not None:
        pairs = len(calibration.homography.pairs)
        if pairs == 4:
            return "homography of 4 pairs, which fit exactly: their error cannot be told, add pairs"
        error = reprojection_error(calibration.homography)
        return (
            f"homography of {pairs} pairs, off by {error.rms_px:.1f} px ({error.rms_m:.2f} m) rms, "
            f"{error.worst_px:.1f} px ({error.worst_m:.2f} m) at worst, in pair {error.worst_pair}"
        )
    if calibration.pinhole is not None:
        height_m, pitch_deg = calibration.pinhole.position_m[2], calibration.pinhole.pitch_deg
        return f"pinhole, {height_m:g} m up, tilted {pitch_deg:g} deg"
    return "drone, by the pose in its telemetry"


def _zone(zone: ZoneConfig) -> ZoneSummary:
    return ZoneSummary(zone.name, polygon_area(zone.polygon_m) if zone.polygon_m else None)


def _area(zone: ZoneSummary) -> str:
    return "in pixels" if zone.area_m2 is None else f"{zone.area_m2:.1f} m2"


def _watch(situation: str, watch: Watch) -> WatchSummary:
    alarm = watch.alarm
    place = watched_place(watch)[1]
    levels = (alarm.open_at, alarm.close_at, alarm.hold_s, alarm.release_s)
    return WatchSummary(situation, place, *levels, UNITS[situation])


def _watch_line(watch: WatchSummary) -> str:
    return (
        f"{watch.situation} at {watch.place}: opens at {watch.open_at:g} {watch.unit} for "
        f"{watch.hold_s:g} s, closes below {watch.close_at:g} for {watch.release_s:g} s"
    )


def _authorisation(site: SiteConfig) -> str:
    grant = site.authorisation
    if grant is None:
        return "none: every result is marked as a test"
    window = f"{grant.start.isoformat()} to {grant.end.isoformat()}"
    where = "inside the perimeter" if grant.perimeter_m else "in the whole view"
    return f"{', '.join(grant.situations)} {where} of {', '.join(grant.cameras)}, {window}"

"""The site file of a drawn scene: exact calibration, zones, lines, alarm levels."""

from dataclasses import asdict
from datetime import datetime, timedelta

import yaml

from ray_app.geo.calibration import DroneCalibration, PinholeCalibration
from ray_app.situations.bottleneck import BottleneckSettings
from ray_app.video.synthetic.scenario import CameraPlan, Scenario, Watch

ORIGIN_DEG = (48.8566, 2.3522)
"""Latitude and longitude the scene's (0, 0) is given, for the drone's telemetry."""
ANALYSED_HZ = 5.0
FAULT_AFTER_S = 3.0
"""How long a camera must fail to be told; scenes are short."""
Tree = dict[str, object]


def site_yaml(scenario: Scenario, size_px: tuple[int, int], started_at: datetime) -> str:
    """Returns the site file as text, as `ray_app.config.schema` reads it."""
    situations = sorted({w.situation for camera in scenario.cameras for w in camera.watches})
    site: Tree = {
        "site": scenario.site,
        "authorisation": {
            "purpose": "Rendered scene: nobody is filmed.",
            "situations": situations,
            "cameras": [camera.camera_id for camera in scenario.cameras],
            "start": (started_at - timedelta(hours=1)).isoformat(),
            "end": (started_at + timedelta(days=1)).isoformat(),
        },
        "cameras": [_camera(scenario, camera, size_px) for camera in scenario.cameras],
    }
    header = f"# Site file of the rendered scene '{scenario.name}'; written with the footage.\n"
    return header + yaml.safe_dump(_plain(site), sort_keys=False, default_flow_style=None)


def pinhole_calibration(camera: CameraPlan, size_px: tuple[int, int]) -> PinholeCalibration:
    """Returns the exact pose of a fixed camera."""
    view = camera.view_at(0.0, size_px)
    return PinholeCalibration(
        image_size_px=size_px,
        position_m=view.position_m,
        yaw_deg=view.yaw_deg,
        pitch_deg=view.pitch_deg,
        horizontal_fov_deg=view.horizontal_fov_deg,
        pitch_sigma_deg=0.2,
    )


def drone_calibration() -> DroneCalibration:
    """Returns what the drone's telemetry lacks; its telemetry is exact but rounded."""
    return DroneCalibration(
        origin_deg=ORIGIN_DEG, pitch_sigma_deg=0.2, yaw_sigma_deg=0.2, position_sigma_m=0.15
    )


def _camera(scenario: Scenario, camera: CameraPlan, size_px: tuple[int, int]) -> Tree:
    zones = [scenario.zone(name) for name in _zone_names(camera.watches)]
    lines = [scenario.line(name) for name in _line_names(camera.watches)]
    if camera.flies:
        calibration: Tree = {"drone": _told(asdict(drone_calibration()))}
    else:
        calibration = {"pinhole": _told(asdict(pinhole_calibration(camera, size_px)))}
    return {
        "id": camera.camera_id,
        "footage": [f"{camera.camera_id}.mp4"],
        "reading": {"rate_hz": ANALYSED_HZ},
        "networks": {"objects": {"input_px": 640, "tiles": camera.tiles}, **_networks(camera)},
        "health": {"after_s": FAULT_AFTER_S},
        "calibration": calibration,
        "zones": [asdict(zone) for zone in zones],
        "lines": [asdict(line) for line in lines],
        "situations": _situations(camera.watches),
    }


def _networks(camera: CameraPlan) -> Tree:
    """Heads are counted where density is watched: bodies hide each other in a crowd."""
    watched = {watch.situation for watch in camera.watches}
    needed: dict[str, Tree] = {
        "crowd_density": {"crowd": {"name": "crowd_counter"}},
        "fire_smoke": {"fire": {"name": "fire_smoke_detector"}},
        "abandoned_object": {"grid": {"width_px": 640}},
        "person_down": {"grid": {"width_px": 640}},
    }
    return {key: value for name in needed if name in watched for key, value in needed[name].items()}


def _situations(watches: tuple[Watch, ...]) -> Tree:
    tree: dict[str, list[Tree]] = {}
    for watch in watches:
        entry: Tree = {"settings": asdict(watch.settings), "alarm": asdict(watch.alarm)}
        tree.setdefault(watch.situation, []).append(entry)
    return dict(tree)


def _zone_names(watches: tuple[Watch, ...]) -> list[str]:
    names = [
        w.settings.queue_zone if isinstance(w.settings, BottleneckSettings) else w.settings.zone
        for w in watches
    ]
    return list(dict.fromkeys(name for name in names if name is not None))


def _line_names(watches: tuple[Watch, ...]) -> list[str]:
    lines = [w.settings.line for w in watches if isinstance(w.settings, BottleneckSettings)]
    return list(dict.fromkeys(lines))


def _told(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value is not None}


def _plain(value: object) -> object:
    """Tuples become lists, numbers become Python's own, nothing becomes nothing."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value

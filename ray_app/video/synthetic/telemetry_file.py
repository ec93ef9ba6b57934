"""The telemetry a drone would write beside its footage."""

from datetime import datetime, timedelta
from pathlib import Path

from ray_app.domain.observation import DronePose
from ray_app.geo.dji_srt import write_dji_srt
from ray_app.geo.local_frame import to_geodetic_deg
from ray_app.geo.pose_track import Cue
from ray_app.video.synthetic.scenario import CameraPlan
from ray_app.video.synthetic.site_file import ORIGIN_DEG

SHOWN_PX = (16, 9)


def write_telemetry(
    target: Path, camera: CameraPlan, frames: int, rate_hz: float, started_at: datetime
) -> None:
    """Writes one cue per frame."""
    cues = []
    for frame in range(frames):
        start_s = frame / rate_hz
        clock = started_at.replace(tzinfo=None) + timedelta(seconds=start_s)
        cues.append(Cue(start_s, (frame + 1) / rate_hz, drone_pose(camera, start_s), clock))
    write_dji_srt(target, cues)


def drone_pose(camera: CameraPlan, time_s: float) -> DronePose:
    """Returns where the drone is and looks, as its telemetry would say."""
    view = camera.view_at(time_s, SHOWN_PX)
    x, y, z = view.position_m
    latitude, longitude = to_geodetic_deg(x, y, ORIGIN_DEG)
    return DronePose(
        latitude_deg=latitude,
        longitude_deg=longitude,
        height_m=z,
        yaw_deg=view.yaw_deg,
        pitch_deg=view.pitch_deg,
        roll_deg=0.0,
        horizontal_fov_deg=view.horizontal_fov_deg,
    )

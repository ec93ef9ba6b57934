"""A drone's pose at one frame to a projection onto the site's ground."""

import math

from ray_app.domain.errors import CalibrationError
from ray_app.domain.observation import DronePose
from ray_app.geo.calibration import DroneCalibration
from ray_app.geo.camera import PinholeCamera, PinholeProjection, PoseErrors, focal_length_px
from ray_app.geo.local_frame import to_local_m

LOWEST_FLIGHT_M = 2.0
FARTHEST_FROM_ORIGIN_M = 20_000.0


def drone_projection(
    pose: DronePose | None, calibration: DroneCalibration, source_size_px: tuple[int, int]
) -> PinholeProjection:
    """Returns the projection of one drone frame: +x east, +y north of the site's origin.

    What telemetry leaves unknown is taken from the calibration. Heights count from the take-off
    point, so the ground lies at `ground_elevation_m`, level.

    Raises:
        CalibrationError: Something needed is known to neither, the view is flatter than
            `flattest_pitch_deg`, or the place cannot be; the message names the key that mends it.
    """
    if pose is None:
        raise CalibrationError(
            "no telemetry at this instant; put the drone's .SRT file beside the video"
        )
    pitch_deg = _told("gimbal tilt", "pitch_deg", pose.pitch_deg, calibration.pitch_deg)
    if pitch_deg > calibration.flattest_pitch_deg:
        raise CalibrationError(
            f"the drone looks {pitch_deg:.0f} degrees, flatter than flattest_pitch_deg "
            f"{calibration.flattest_pitch_deg:g}; tilt the camera further down"
        )
    camera = PinholeCamera(
        position_m=_position_m(pose, calibration),
        yaw_deg=_told("gimbal heading", "yaw_deg", pose.yaw_deg, calibration.yaw_deg),
        pitch_deg=pitch_deg,
        roll_deg=pose.roll_deg or 0.0,
        focal_px=_focal_px(pose, calibration, source_size_px),
        centre_px=(source_size_px[0] / 2, source_size_px[1] / 2),
    )
    return PinholeProjection(
        camera,
        PoseErrors(
            pitch_deg=calibration.pitch_sigma_deg,
            yaw_deg=calibration.yaw_sigma_deg,
            position_m=calibration.position_sigma_m,
        ),
    )


def _told(name: str, key: str, by_telemetry: float | None, by_site: float | None) -> float:
    told = by_telemetry if by_telemetry is not None else by_site
    if told is None:
        raise CalibrationError(f"telemetry tells no {name}; set calibration.drone.{key}")
    return told


def _focal_px(
    pose: DronePose, calibration: DroneCalibration, source_size_px: tuple[int, int]
) -> float:
    horizontal_fov_deg = _told(
        "focal length",
        "horizontal_fov_deg",
        pose.horizontal_fov_deg,
        calibration.horizontal_fov_deg,
    )
    return focal_length_px(horizontal_fov_deg, source_size_px)


def _position_m(pose: DronePose, calibration: DroneCalibration) -> tuple[float, float, float]:
    if pose.latitude_deg is None or pose.longitude_deg is None:
        raise CalibrationError("telemetry tells no position at this instant: no satellite fix")
    x_m, y_m = to_local_m(pose.latitude_deg, pose.longitude_deg, calibration.origin_deg)
    distance_m = math.hypot(x_m, y_m)
    if distance_m > FARTHEST_FROM_ORIGIN_M:
        raise CalibrationError(
            f"the drone is {distance_m / 1000:.0f} km from origin_deg; check "
            "calibration.drone.origin_deg, and gps_order for telemetry of the form GPS(a, b, ...)"
        )
    height_m = _told("height above take-off", "height_m", pose.height_m, calibration.height_m)
    above_ground_m = height_m - calibration.ground_elevation_m
    if above_ground_m < LOWEST_FLIGHT_M:
        raise CalibrationError(
            f"the drone is {above_ground_m:.0f} m above the ground, lower than "
            f"{LOWEST_FLIGHT_M:g} m; if it flies, check calibration.drone.ground_elevation_m"
        )
    return x_m, y_m, above_ground_m

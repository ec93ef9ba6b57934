"""What a site file says of a camera's geometry."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.ranges import (
    KeyFault,
    above,
    between,
    one_of,
    picture_size,
    refuse_faults,
)
from ray_app.domain.settings import settings


@settings
class PointPair:
    """One point seen in the picture and measured on the ground.

    Attributes:
        px: x, y in the calibration picture, pixels.
        m: x, y on the site, metres.
    """

    px: tuple[float, float]
    m: tuple[float, float]


@settings
class HomographyCalibration:
    """Flat ground from four or more point pairs.

    Attributes:
        image_size_px: Width and height of the picture the points were read in.
        pairs: At least 4, no 3 of the first 4 on one line; 6 or more show their error.
    """

    image_size_px: tuple[int, int]
    pairs: tuple[PointPair, ...]

    def __post_init__(self) -> None:
        refuse_faults(picture_size("image_size_px", self.image_size_px), _pairs_fault(self.pairs))


def _pairs_fault(pairs: tuple[PointPair, ...]) -> KeyFault | None:
    if len(pairs) < 4:
        return "pairs", f"{len(pairs)} given; at least 4 are needed, 6 or more show their error"
    for unit, points in (("px", [p.px for p in pairs]), ("m", [p.m for p in pairs])):
        if _all_but_one_on_a_line(np.asarray(points, np.float64)):
            return "pairs", (
                f"{len(pairs) - 1} of the {len(pairs)} points lie on one line in {unit}; "
                "spread them over the ground, as the corners of a square"
            )
    return None


def _all_but_one_on_a_line(points: NDArray[np.float64]) -> bool:
    # Four points no three of which are collinear exist exactly when this is false.
    for left_out in range(len(points)):
        kept = np.delete(points, left_out, axis=0)
        spread = np.linalg.svd(kept - kept.mean(axis=0), compute_uv=False)
        if spread[1] <= 1e-3 * spread[0]:
            return True
    return False


@settings
class PinholeCalibration:
    """A camera whose place and direction are known.

    Attributes:
        image_size_px: Width and height of the picture.
        position_m: x, y, z of the lens on the site, metres; z above the ground.
        yaw_deg: Heading, clockwise from the site's +y axis.
        pitch_deg: 0 looks at the horizon, -90 straight down.
        roll_deg: Clockwise seen from behind the camera.
        horizontal_fov_deg: Horizontal field of view.
        pitch_sigma_deg: One standard deviation of the tilt, carried into every place.
    """

    image_size_px: tuple[int, int]
    position_m: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0
    horizontal_fov_deg: float
    pitch_sigma_deg: float = 0.5

    def __post_init__(self) -> None:
        refuse_faults(
            picture_size("image_size_px", self.image_size_px),
            None
            if 0.2 <= self.position_m[2] <= 10_000
            else ("position_m", f"height {self.position_m[2]:g} m: z must be 0.2 to 10000"),
            between("yaw_deg", self.yaw_deg, -360, 360),
            between("pitch_deg", self.pitch_deg, -90, 30),
            between("roll_deg", self.roll_deg, -180, 180),
            between("horizontal_fov_deg", self.horizontal_fov_deg, 1, 170),
            above("pitch_sigma_deg", self.pitch_sigma_deg, 0, 20),
        )


@settings
class DroneCalibration:
    """A drone: its pose comes with every frame from telemetry; this fills what telemetry lacks.

    Attributes:
        origin_deg: Latitude, longitude of the site's (0, 0); +x east, +y north.
        horizontal_fov_deg: Used where telemetry gives no field of view.
        pitch_deg: Used where telemetry gives no gimbal tilt; None refuses such frames.
        yaw_deg: Used where telemetry gives no gimbal heading; None refuses such frames.
        height_m: Height above take-off, used where telemetry gives none; None refuses such frames.
        ground_elevation_m: Ground height relative to the take-off point.
        pitch_sigma_deg: One standard deviation of the tilt.
        yaw_sigma_deg: One standard deviation of the heading.
        position_sigma_m: One standard deviation of the position.
        flattest_pitch_deg: Views flatter than this refuse people per square metre.
        gps_order: Order of bare "GPS(a, b, ...)" in old telemetry: "lon_lat" or "lat_lon".
        altitude_reference: What a plain "altitude" in telemetry counts from: "take_off", or
            "unknown", which does not use it (some models write it above sea level).
    """

    origin_deg: tuple[float, float]
    horizontal_fov_deg: float | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    height_m: float | None = None
    ground_elevation_m: float = 0.0
    pitch_sigma_deg: float = 1.0
    yaw_sigma_deg: float = 2.0
    position_sigma_m: float = 2.0
    flattest_pitch_deg: float = -25.0
    gps_order: str = "lon_lat"
    altitude_reference: str = "unknown"

    def __post_init__(self) -> None:
        latitude_deg, longitude_deg = self.origin_deg
        refuse_faults(
            between("origin_deg", latitude_deg, -90, 90),
            between("origin_deg", longitude_deg, -180, 180),
            between("horizontal_fov_deg", self.horizontal_fov_deg, 1, 170),
            between("pitch_deg", self.pitch_deg, -90, 30),
            between("yaw_deg", self.yaw_deg, -360, 360),
            between("height_m", self.height_m, 1, 10_000),
            between("ground_elevation_m", self.ground_elevation_m, -1000, 1000),
            above("pitch_sigma_deg", self.pitch_sigma_deg, 0, 20),
            above("yaw_sigma_deg", self.yaw_sigma_deg, 0, 90),
            above("position_sigma_m", self.position_sigma_m, 0, 1000),
            between("flattest_pitch_deg", self.flattest_pitch_deg, -90, 0),
            one_of("gps_order", self.gps_order, ("lon_lat", "lat_lon")),
            one_of("altitude_reference", self.altitude_reference, ("unknown", "take_off")),
        )

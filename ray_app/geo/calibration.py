"""What a site file says of a camera's geometry."""

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


@settings
class DroneCalibration:
    """A drone: its pose comes with every frame from telemetry; this fills what telemetry lacks.

    Attributes:
        origin_deg: Latitude, longitude of the site's (0, 0); +x east, +y north.
        horizontal_fov_deg: Used where telemetry gives no field of view.
        pitch_deg: Used where telemetry gives no gimbal tilt; None refuses such frames.
        yaw_deg: Used where telemetry gives no gimbal heading; None refuses such frames.
        ground_elevation_m: Ground height relative to the take-off point.
        pitch_sigma_deg: One standard deviation of the tilt.
        yaw_sigma_deg: One standard deviation of the heading.
        position_sigma_m: One standard deviation of the position.
        flattest_pitch_deg: Views flatter than this refuse people per square metre.
        gps_order: Order of bare "GPS(a, b, ...)" in old telemetry: "lon_lat" or "lat_lon".
    """

    origin_deg: tuple[float, float]
    horizontal_fov_deg: float | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    ground_elevation_m: float = 0.0
    pitch_sigma_deg: float = 1.0
    yaw_sigma_deg: float = 2.0
    position_sigma_m: float = 2.0
    flattest_pitch_deg: float = -25.0
    gps_order: str = "lon_lat"

"""A fixed camera's calibration to its projection."""

from ray_app.domain.protocols import GroundProjection
from ray_app.geo.calibration import HomographyCalibration, PinholeCalibration
from ray_app.geo.camera import pinhole_projection
from ray_app.geo.homography_projection import homography_projection


def build_projection(
    calibration: HomographyCalibration | PinholeCalibration, source_size_px: tuple[int, int]
) -> GroundProjection:
    """Returns the projection between source pixels and site metres.

    Args:
        calibration: Read in a picture of any size of the same shape.
        source_size_px: Width and height of the footage, rotation applied.

    Raises:
        CalibrationError: The points fit no camera, or the footage has another shape.
    """
    if isinstance(calibration, PinholeCalibration):
        return pinhole_projection(calibration, source_size_px)
    return homography_projection(calibration, source_size_px)

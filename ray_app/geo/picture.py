"""From the picture a camera was calibrated in to the picture it gives now."""

from ray_app.domain.errors import CalibrationError


def scale_to_source(
    image_size_px: tuple[int, int], source_size_px: tuple[int, int]
) -> tuple[float, float]:
    """Returns how many source pixels one calibration pixel spans, across and down.

    Raises:
        CalibrationError: The shapes differ by more than 1 %: the picture was cropped or squeezed,
            and no scale brings the calibration back.
    """
    across = source_size_px[0] / image_size_px[0]
    down = source_size_px[1] / image_size_px[1]
    if abs(across / down - 1) > 0.01:
        raise CalibrationError(
            f"calibrated at {image_size_px[0]}x{image_size_px[1]} but the footage is "
            f"{source_size_px[0]}x{source_size_px[1]}, another shape; calibrate again on a "
            "picture of this footage and set image_size_px"
        )
    return across, down

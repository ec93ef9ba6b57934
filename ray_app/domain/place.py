"""Named places of a camera: zones on the ground or in the picture, and lines people pass."""

from dataclasses import dataclass

from ray_app.domain.geometry import Points


@dataclass(frozen=True, slots=True)
class GroundZone:
    """A named area of the site.

    Attributes:
        polygon_m: Corners in order, site coordinates, metres, 3 or more.
    """

    name: str
    polygon_m: Points


@dataclass(frozen=True, slots=True)
class PictureZone:
    """A named area of the picture, for a camera without calibration.

    Attributes:
        polygon_px: Corners in order, pixels of the source picture, 3 or more.
    """

    name: str
    polygon_px: Points


Zone = GroundZone | PictureZone


@dataclass(frozen=True, slots=True)
class Outline:
    """A watched place as it lies in a picture, in source pixels; two points are a line."""

    name: str
    points_px: Points


@dataclass(frozen=True, slots=True)
class Line:
    """A named line on the ground; left of start -> end is the way out.

    Attributes:
        start_m: One end, site coordinates, metres.
        end_m: The other end.
    """

    name: str
    start_m: tuple[float, float]
    end_m: tuple[float, float]

    def __post_init__(self) -> None:
        if self.start_m == self.end_m:
            raise ValueError(f"line {self.name!r} starts and ends at {self.start_m}")

    @property
    def width_m(self) -> float:
        """Length of the line, metres."""
        (x1, y1), (x2, y2) = self.start_m, self.end_m
        return float(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)

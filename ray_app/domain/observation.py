"""What the networks saw in one frame; all that crosses from models to analysis."""

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.frame import FrameKey


class Label(enum.IntEnum):
    """Every class a detector may report. Closed on purpose: no attribute of a person."""

    PERSON = 0
    BAG = 1
    VEHICLE = 2


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes in one frame, as columns.

    Attributes:
        boxes_px: Corners x1, y1, x2, y2 in pixels of the source picture, float32, shape (n, 4).
        scores: Confidence in [0, 1], float32, shape (n,).
        labels: `Label` numbers, int16, shape (n,).
    """

    boxes_px: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> "Detections":
        """Returns detections with no row."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int16))

    def only(self, keep: NDArray[np.bool_]) -> "Detections":
        """Returns the rows where keep, bool of shape (n,), is true."""
        return Detections(self.boxes_px[keep], self.scores[keep], self.labels[keep])


@dataclass(frozen=True, slots=True)
class CrowdMap:
    """How many heads each square cell of the picture holds; sums to the count.

    Attributes:
        heads: Expected heads per cell, float32, shape (rows, columns).
        cell_px: Side of a cell in pixels of the source picture; cell (r, c) covers
            x in [c, c + 1) * cell_px and y in [r, r + 1) * cell_px.
    """

    heads: NDArray[np.float32]
    cell_px: float

    @property
    def count(self) -> float:
        """Expected heads in the whole picture."""
        return float(self.heads.sum(dtype=np.float64))


@dataclass(frozen=True, slots=True)
class HeadPoints:
    """Single heads read off a crowd map.

    Attributes:
        points_px: x, y in pixels of the source picture, float32, shape (n, 2).
        scores: Expected heads at the point, float32, shape (n,).
    """

    points_px: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FireMap:
    """How surely each square cell of the picture shows flame, and smoke.

    Attributes:
        flame: Certainty per cell, 0 to 255, uint8, shape (rows, columns).
        smoke: The same of smoke.
        cell_px: Side of a cell in pixels of the source picture, as in `CrowdMap`.
    """

    flame: NDArray[np.uint8]
    smoke: NDArray[np.uint8]
    cell_px: float


@dataclass(frozen=True, slots=True)
class PictureGrid:
    """The picture as coarse cells: enough to see that something stays where nothing was.

    Cells that a found person touches are zero: nobody's clothes are in it.

    Attributes:
        colours: Mean RGB per cell, uint8, shape (rows, columns, 3).
        texture: Mean of the absolute Laplacian per cell, capped at 255, uint8, shape (rows,
            columns).
        cell_px: Side of a cell in pixels of the source picture, as in `CrowdMap`.
    """

    colours: NDArray[np.uint8]
    texture: NDArray[np.uint8]
    cell_px: float


@dataclass(frozen=True, slots=True)
class PictureState:
    """How the picture itself is, for the health of the camera.

    Attributes:
        samples: Brightness of single pixels on an even grid, 0 to 255, uint8, shape (27, 48).
        sharpness: Mean of the absolute Laplacian of the grey, smoothed picture, 640 px wide.
    """

    samples: NDArray[np.uint8]
    sharpness: float


@dataclass(frozen=True, slots=True)
class DronePose:
    """Where a drone was and where it looked, as its telemetry says. Unknown is None.

    Attributes:
        latitude_deg: WGS84.
        longitude_deg: WGS84.
        height_m: Height above the take-off point, metres.
        yaw_deg: Camera heading, clockwise from true north.
        pitch_deg: Camera tilt; 0 looks at the horizon, -90 straight down.
        roll_deg: Camera roll, clockwise seen from behind the camera.
        horizontal_fov_deg: Horizontal field of view of the picture.
    """

    latitude_deg: float | None
    longitude_deg: float | None
    height_m: float | None
    yaw_deg: float | None
    pitch_deg: float | None
    roll_deg: float | None
    horizontal_fov_deg: float | None


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything one frame told us, without pixels: 1-20 kB.

    Attributes:
        source_size_px: Width and height of the source picture that all pixels refer to.
        crowd: None when no crowd counter ran.
        heads: None when no crowd counter ran.
        pose: None for fixed cameras, and for drones without telemetry at this instant.
        fire: None when no fire detector ran.
        grid: None when none was asked for.
        state: None where a detector of your own does not tell it.
    """

    key: FrameKey
    source_size_px: tuple[int, int]
    detections: Detections
    crowd: CrowdMap | None = None
    heads: HeadPoints | None = None
    pose: DronePose | None = None
    fire: FireMap | None = None
    grid: PictureGrid | None = None
    state: PictureState | None = None


@dataclass(frozen=True, slots=True)
class Tracks:
    """Boxes with an identity that lives inside one camera and expires; its own type.

    Attributes:
        ids: Track numbers, int64, shape (n,). Never reused within a run, never shared
            between cameras, meaningless outside one stretch of one camera.
        boxes_px: Smoothed corners x1, y1, x2, y2 in source pixels, float32, shape (n, 4).
        labels: `Label` numbers, int16, shape (n,).
        ages_s: Seconds since the track began, float32, shape (n,).
    """

    ids: NDArray[np.int64]
    boxes_px: NDArray[np.float32]
    labels: NDArray[np.int16]
    ages_s: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

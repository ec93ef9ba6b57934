"""Flat ground seen by a camera: a homography from point pairs, with what the pairs leave open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import CalibrationError
from ray_app.geo.uncertainty import FEET_SIGMA_PX, worst_axis_sigma

_SPREAD_THEM = (
    "give at least 4 pairs spread over the ground in view, no 3 of them on one line, "
    "each pixel beside its own metres"
)


@dataclass(frozen=True, slots=True)
class PointFrame:
    """A shift and a scale that bring points to about unit size around zero."""

    centre: NDArray[np.float64]
    scale: float

    @classmethod
    def around(cls, points: NDArray[np.float64]) -> "PointFrame":
        """Returns the frame in which points, shape (n, 2), lie sqrt(2) from zero on average."""
        centre = points.mean(axis=0)
        distance = float(np.linalg.norm(points - centre, axis=1).mean())
        if not (np.isfinite(distance) and distance > 0):
            raise CalibrationError(f"all points of the calibration are one; {_SPREAD_THEM}")
        return cls(centre, np.sqrt(2) / distance)

    def enter(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns points in this frame."""
        return np.asarray((points - self.centre) * self.scale, np.float64)

    def leave(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns points of this frame where they came from."""
        return np.asarray(points / self.scale + self.centre, np.float64)


@dataclass(frozen=True, slots=True)
class Homography:
    """Ground to picture and back.

    Attributes:
        matrix: Ground to picture between the two frames, shape (3, 3), last entry 1; the third
            row is positive in front of the camera.
        covariance: Of the first eight entries of matrix, row by row, shape (8, 8).
        sigma_px: One standard deviation of a point placed in the picture, pixels: the pairs'
            own misfit, or FEET_SIGMA_PX where they fit better or are too few to show one.
    """

    matrix: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sigma_px: float
    px_frame: PointFrame
    m_frame: PointFrame

    def to_px(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns pixels of ground points, shape (n, 2); NaN behind the camera."""
        points = np.asarray(points_m, np.float64).reshape(-1, 2)
        return self.px_frame.leave(_projected(self.matrix, self.m_frame.enter(points)))

    def to_m(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns ground points of pixels, shape (n, 2); NaN at and above the horizon."""
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        inverse = np.asarray(np.linalg.inv(self.matrix), np.float64)
        return self.m_frame.leave(_projected(inverse, self.px_frame.enter(points)))

    def sigma_m(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns how far off ground points may be, metres, shape (n,).

        First order (Hartley and Zisserman, Multiple View Geometry, 2nd ed., 5.2.6): the
        point's pixel error and the matrix's covariance through the local derivative.
        """
        ground = self.m_frame.enter(np.asarray(points_m, np.float64).reshape(-1, 2))
        by_ground, by_entries = _derivatives(self.matrix, ground)
        factor = np.linalg.cholesky(self.covariance + 1e-300 * np.eye(8))
        by_pairs = (by_entries.reshape(-1, 8) @ factor).reshape(-1, 2, 8)
        inverse = _inverted(by_ground)
        by_pixel = inverse * (self.sigma_px * self.px_frame.scale)
        shifts = np.concatenate([by_pixel, inverse @ by_pairs], axis=2)
        sigma = worst_axis_sigma(np.moveaxis(shifts, 2, 0))
        return sigma / self.m_frame.scale


def fit_homography(pixels: NDArray[np.float64], metres: NDArray[np.float64]) -> Homography:
    """Returns the homography that least misses the pixels, from at least 4 pairs.

    Normalised direct linear transform (Hartley 1997), then Gauss-Newton on the distance in
    pixels, which is most likely right when the pixels carry the error.

    Args:
        pixels: Shape (n, 2), source pixels.
        metres: Shape (n, 2), the same points on the ground.

    Raises:
        CalibrationError: The pairs do not pin a plane down, or contradict any camera.
    """
    if len(pixels) < 4 or len(pixels) != len(metres):
        raise CalibrationError(f"{len(pixels)} point pairs; {_SPREAD_THEM}")
    px_frame, m_frame = PointFrame.around(pixels), PointFrame.around(metres)
    picture, ground = px_frame.enter(pixels), m_frame.enter(metres)
    try:
        matrix = _refined(_linear_fit(ground, picture), ground, picture)
        misfit_px = (_projected(matrix, ground) - picture) / px_frame.scale
        freedom = max(2 * len(pixels) - 8, 1)
        sigma_px = max(FEET_SIGMA_PX, float(np.sqrt((misfit_px**2).sum() / freedom)))
        slopes = _derivatives(matrix, ground)[1].reshape(-1, 8)
        open_by_pairs = np.asarray(np.linalg.inv(slopes.T @ slopes), np.float64)
        covariance = open_by_pairs * (sigma_px * px_frame.scale) ** 2
        found = Homography(matrix, covariance, sigma_px, px_frame, m_frame)
        worst_m = float(found.sigma_m(metres).max())
    except np.linalg.LinAlgError:
        worst_m = sigma_px = np.nan
    extent_m = float(np.linalg.norm(metres - m_frame.centre, axis=1).max())
    if not (worst_m <= extent_m / 4 and _off_a_line(pixels) > 3 * sigma_px):
        raise CalibrationError(f"the point pairs do not pin the ground down; {_SPREAD_THEM}")
    return found


def _off_a_line(points: NDArray[np.float64]) -> float:
    """Returns how far points lie from the line that suits them best, root mean square."""
    strengths = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(strengths[1] / np.sqrt(len(points)))


def _linear_fit(ground: NDArray[np.float64], picture: NDArray[np.float64]) -> NDArray[np.float64]:
    ones, none = np.ones(len(ground)), np.zeros((len(ground), 3))
    plane = np.column_stack([ground, ones])
    across = np.hstack([plane, none, -picture[:, :1] * plane])
    down = np.hstack([none, plane, -picture[:, 1:] * plane])
    _, strengths, directions = np.linalg.svd(np.vstack([across, down]))
    if strengths[7] < 1e-9 * strengths[0]:
        raise np.linalg.LinAlgError
    entries = directions[-1]
    return np.asarray((entries / entries[-1]).reshape(3, 3), np.float64)


def _refined(
    matrix: NDArray[np.float64], ground: NDArray[np.float64], picture: NDArray[np.float64]
) -> NDArray[np.float64]:
    for _ in range(20):
        misfit = (_projected(matrix, ground) - picture).reshape(-1)
        slopes = _derivatives(matrix, ground)[1].reshape(-1, 8)
        if not np.isfinite(misfit).all():  # a point fell behind the camera: no such view
            raise np.linalg.LinAlgError
        step = np.linalg.lstsq(slopes, misfit, rcond=None)[0]
        matrix = matrix - np.append(step, 0.0).reshape(3, 3)
        if np.abs(step).max() < 1e-12:
            break
    return matrix


def _projected(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    depth = np.where(homogeneous[:, 2] > 0, homogeneous[:, 2], np.nan)
    return np.asarray(homogeneous[:, :2] / depth[:, None], np.float64)


def _inverted(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the inverses of 2x2 matrices, shape (n, 2, 2); singular ones become infinite."""
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    adjugate = np.moveaxis(np.array([[d, -b], [-c, a]]), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(adjugate / (a * d - b * c)[:, None, None], np.float64)


def _derivatives(
    matrix: NDArray[np.float64], ground: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the picture's derivative by ground place, (n, 2, 2), and by entry, (n, 2, 8)."""
    plane = np.column_stack([ground, np.ones(len(ground))])
    depth = (plane @ matrix[2])[:, None, None]
    picture = _projected(matrix, ground)
    by_ground = (matrix[:2, :2] - picture[:, :, None] * matrix[2, :2]) / depth
    by_entries = np.zeros((len(ground), 2, 8))
    by_entries[:, 0, 0:3] = by_entries[:, 1, 3:6] = plane
    by_entries[:, :, 6:8] = -picture[:, :, None] * ground[:, None, :]
    return by_ground, by_entries / depth

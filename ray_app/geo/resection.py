"""Where the camera stands that sees these ground points at these pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.geo.homography import Homography

# Lenses sold for surveillance, 2.8 to 12 mm on a 1/2.8-inch sensor (5.6 mm wide), see 90 to 26
# degrees: focal length over picture width 0.5 to 2.1, taken as two standard deviations.
_TYPICAL_FOCAL_WIDTHS = 1.04
_FOCAL_LOG_SIGMA = 0.36


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """The lens on the site.

    Attributes:
        centre_m: x, y, height above the ground, metres.
        covariance_m2: Of centre_m, shape (3, 3).
        focal_px: Focal length in pixels.
    """

    centre_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]
    focal_px: float


@dataclass(frozen=True, slots=True)
class _View:
    log_focal: float
    rotation: NDArray[np.float64]  # site to camera (right, down, forward)
    centre: NDArray[np.float64]

    def moved(self, step: NDArray[np.float64]) -> "_View":
        return _View(
            self.log_focal + float(step[0]),
            _turn(step[1:4]) @ self.rotation,
            self.centre + step[4:7],
        )


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Ground points and where they are seen, pixels about the picture's centre."""

    pixels: NDArray[np.float64]
    metres: NDArray[np.float64]
    sigma_px: float
    typical_log_focal: float

    def misses(self, view: _View) -> NDArray[np.float64]:
        """Returns every miss in standard deviations, the focal length's from typical last."""
        points = np.column_stack([self.metres, np.zeros(len(self.metres))])
        seen = (points - view.centre) @ view.rotation.T
        with np.errstate(all="ignore"):
            picture = np.exp(view.log_focal) * seen[:, :2] / seen[:, 2:]
        focal_miss = (view.log_focal - self.typical_log_focal) / _FOCAL_LOG_SIGMA
        misses = np.append((picture - self.pixels).reshape(-1) / self.sigma_px, focal_miss)
        return misses if (seen[:, 2] > 0).all() else np.full_like(misses, np.inf)


def locate_camera(
    pixels: NDArray[np.float64],
    metres: NDArray[np.float64],
    seen: Homography,
    size_px: tuple[int, int],
) -> CameraPlace | None:
    """Returns the most likely place of the lens, or None when no camera above ground fits.

    Square pixels and the optical axis at the picture's centre are assumed. Straight down the
    focal length and the height cannot be told apart; there the lens is taken to be one of those
    usual for surveillance, and the covariance says how little that pins the height.

    Args:
        pixels: Shape (n, 2), source pixels.
        metres: Shape (n, 2), the same points on the ground.
        seen: The homography fitted to them.
        size_px: Width and height of the source picture.
    """
    middle = np.array(size_px, np.float64) / 2
    shift = metres.mean(axis=0)
    # Seen from above, a ground whose y axis points the other way appears mirrored.
    mirror = np.array([1.0, 1.0 if np.linalg.det(seen.matrix) < 0 else -1.0])
    sighting = _Sighting(
        pixels - middle,
        (metres - shift) * mirror,
        seen.sigma_px,
        float(np.log(_TYPICAL_FOCAL_WIDTHS * size_px[0])),
    )
    best = _best_view(
        sighting, [_start(seen, mirror, middle, widths) for widths in (0.5, 1.0, 2.0, 4.0)]
    )
    misses = sighting.misses(best)
    if not np.isfinite(misses).all() or best.centre[2] <= 0:
        return None
    slopes = _slopes(sighting, best)
    excess = max(1.0, float((misses[:-1] ** 2).sum()) / max(2 * len(pixels) - 7, 1))
    covariance = np.asarray(np.linalg.pinv(slopes.T @ slopes)[4:, 4:] * excess, np.float64)
    signs = np.append(mirror, 1.0)
    return CameraPlace(
        centre_m=best.centre * signs + np.append(shift, 0.0),
        covariance_m2=covariance * np.outer(signs, signs),
        focal_px=float(np.exp(best.log_focal)),
    )


def _start(
    seen: Homography,
    mirror: NDArray[np.float64],
    middle: NDArray[np.float64],
    focal_widths: float,
) -> _View:
    """Returns the view a homography tells once a focal length is assumed (Zhang 2000, 3.1)."""
    focal_px = focal_widths * 2 * middle[0]
    px, scale = seen.px_frame, seen.m_frame.scale
    to_pixels = np.array(
        [[1 / px.scale, 0, px.centre[0]], [0, 1 / px.scale, px.centre[1]], [0, 0, 1]]
    )
    to_rays = np.array(
        [
            [1 / focal_px, 0, -middle[0] / focal_px],
            [0, 1 / focal_px, -middle[1] / focal_px],
            [0, 0, 1],
        ]
    )
    columns = to_rays @ to_pixels @ seen.matrix @ np.diag([*(scale * mirror), 1.0])
    columns *= 2 / np.linalg.norm(columns[:, :2], axis=0).sum()
    upright = np.column_stack([columns[:, :2], np.cross(columns[:, 0], columns[:, 1])])
    left, _, right = np.linalg.svd(upright)
    rotation = left @ right
    return _View(float(np.log(focal_px)), rotation, -rotation.T @ columns[:, 2])


def _best_view(sighting: _Sighting, starts: list[_View]) -> _View:
    fits = [_refined(sighting, start) for start in starts]
    return min(fits, key=lambda view: _cost(sighting.misses(view)))


def _refined(sighting: _Sighting, view: _View) -> _View:
    """Returns the view of least squared misses near a first one (Levenberg-Marquardt)."""
    damping = 1e-3
    misses = sighting.misses(view)
    for _ in range(60):
        if not np.isfinite(misses).all():
            return view
        slopes = _slopes(sighting, view)
        normal = slopes.T @ slopes
        damped = normal + damping * np.diag(np.diag(normal) + 1e-12)
        step = -np.linalg.pinv(damped) @ slopes.T @ misses
        trial = view.moved(step)
        trial_misses = sighting.misses(trial)
        if _cost(trial_misses) < _cost(misses):
            view, misses, damping = trial, trial_misses, damping / 5
        else:
            damping *= 5
        if damping > 1e9 or float(np.abs(step).max()) < 1e-10:
            break
    return view


def _cost(misses: NDArray[np.float64]) -> float:
    return float((misses**2).sum())


def _slopes(sighting: _Sighting, view: _View) -> NDArray[np.float64]:
    step = 1e-6
    sides = [
        (sighting.misses(view.moved(step * axis)), sighting.misses(view.moved(-step * axis)))
        for axis in np.eye(7)
    ]
    return np.nan_to_num(
        np.column_stack([(ahead - behind) / (2 * step) for ahead, behind in sides])
    )


def _turn(angles_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the rotation about a vector by its length (Rodrigues' formula)."""
    x, y, z = angles_rad
    angle = float(np.linalg.norm(angles_rad))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(
        np.eye(3)
        + np.sinc(angle / np.pi) * cross
        + 0.5 * np.sinc(angle / 2 / np.pi) ** 2 * cross @ cross
    )

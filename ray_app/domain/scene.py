"""What a situation sees: one frame in metres."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Observation, Tracks

if TYPE_CHECKING:
    from ray_app.domain.protocols import GroundProjection


@dataclass(frozen=True, slots=True)
class GroundPoints:
    """Places on the ground with how far off each may be.

    Attributes:
        xy_m: Site coordinates, metres, float64, shape (n, 2); NaN where the view cannot say.
        sigma_m: One standard deviation of the place, metres, float64, shape (n,).
    """

    xy_m: NDArray[np.float64]
    sigma_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sigma_m)


@dataclass(frozen=True, slots=True)
class GroundCrowd:
    """A crowd map laid on the ground: each cell is a place and a number of people.

    Attributes:
        places: Where the people of each cell stand (heads brought down to the feet), n cells.
        people: Expected people per cell, float64, shape (n,).
    """

    places: GroundPoints
    people: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """One observation, tracked and laid on the ground.

    Attributes:
        tracks: People and things followed inside this camera.
        feet: Ground place of each track, row by row; None when the camera has no calibration.
        crowd: The crowd map on the ground; None without calibration or without a crowd counter.
        projection: How the picture lies on the ground; None without calibration.
        no_ground: Why there is no ground in this frame, for a person; None when there is.
    """

    observation: Observation
    tracks: Tracks
    feet: GroundPoints | None
    crowd: GroundCrowd | None
    projection: "GroundProjection | None" = None
    no_ground: str | None = None

    @property
    def key(self) -> FrameKey:
        """Key of the frame this scene was made from."""
        return self.observation.key

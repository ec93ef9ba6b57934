"""Who passed a line, and which way."""

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.geometry import along_line, signed_distance_to_line
from ray_app.domain.observation import Tracks
from ray_app.domain.place import Line


class LineCrossings:
    """Counts tracks that go from one side of a line to the other.

    A side is taken once a track is `band_m` beyond the line, so feet that waver on it do not
    count; the crossing must lie between the ends of the line.

    Args:
        band_m: Half the width of the strip in which no side is taken.
        beyond_ends_m: How far beyond an end of the line a crossing still counts, for the error
            of feet.
        forget_s: A track unseen for longer is forgotten.
    """

    def __init__(
        self, line: Line, band_m: float = 0.2, beyond_ends_m: float = 0.3, forget_s: float = 1.5
    ) -> None:
        self._line = line
        self._band_m = band_m
        self._beyond_ends_m = beyond_ends_m
        self._forget_s = forget_s
        # Per track: time last seen, and distance and place along the line when a side was taken.
        self._sides: dict[int, tuple[float, float, float]] = {}

    def update(
        self, time_s: float, tracks: Tracks, places_m: NDArray[np.float64]
    ) -> tuple[int, int]:
        """Takes this instant; returns how many passed out (to the left) and how many in."""
        line = self._line
        across = signed_distance_to_line(places_m, line.start_m, line.end_m)
        along = along_line(places_m, line.start_m, line.end_m)
        out = inwards = 0
        for track_id, d, s in zip(
            tracks.ids.tolist(), across.tolist(), along.tolist(), strict=True
        ):
            way = self._pass(track_id, time_s, d, s)
            out, inwards = out + (way > 0), inwards + (way < 0)
        oldest_s = time_s - self._forget_s
        self._sides = {i: side for i, side in self._sides.items() if side[0] >= oldest_s}
        return out, inwards

    def forget(self) -> None:
        """Drops every track."""
        self._sides.clear()

    def _pass(self, track_id: int, time_s: float, across: float, along: float) -> int:
        """Returns 1 when the track passed out, -1 when it passed in, else 0."""
        before = self._sides.get(track_id)
        if abs(across) <= self._band_m or across != across:  # noqa: PLR0124  NaN is unlike itself
            if before is not None:
                self._sides[track_id] = (time_s, *before[1:])
            return 0
        self._sides[track_id] = (time_s, across, along)
        if before is None or (before[1] > 0) == (across > 0):
            return 0
        share = before[1] / (before[1] - across)
        place = before[2] + share * (along - before[2])
        if not -self._beyond_ends_m <= place <= self._line.width_m + self._beyond_ends_m:
            return 0
        return 1 if across > 0 else -1

"""Where each track was a moment ago."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.observation import Tracks


class Trails:
    """Remembers the recent places of every track, in metres or pixels.

    A step no walker can take breaks the trail: it was two people under one number.

    Args:
        window_s: How far back a trail must reach before it says anything.
        forget_s: A track unseen for longer is forgotten.
    """

    def __init__(self, window_s: float, forget_s: float = 1.5) -> None:
        self._window_s = window_s
        self._forget_s = forget_s
        self._trails: dict[int, deque[tuple[float, float, float]]] = {}

    def update(
        self,
        time_s: float,
        tracks: Tracks,
        places: NDArray[np.float64],
        fastest_per_s: NDArray[np.float64],
    ) -> None:
        """Takes this instant.

        Args:
            time_s: Stream time.
            tracks: The tracks seen.
            places: Place of each track, shape (n, 2); NaN rows are skipped.
            fastest_per_s: Speed above which a step is two people, shape (n,), plus one such
                second's tenth for the wavering of a box.
        """
        rows = zip(tracks.ids.tolist(), places.tolist(), fastest_per_s.tolist(), strict=True)
        for track_id, (x, y), fastest in rows:
            if x == x and y == y:  # noqa: PLR0124  NaN is unlike itself
                self._append(track_id, (time_s, x, y), fastest)
        oldest_s = time_s - self._forget_s
        self._trails = {i: trail for i, trail in self._trails.items() if trail[-1][0] >= oldest_s}

    def displacement(self, track_id: int) -> NDArray[np.float64] | None:
        """Returns how far a track went over the last window, and over its two halves.

        Returns:
            Rows whole window, first half, second half; columns x, y. None when the trail is
            shorter than the window.
        """
        trail = self._trails.get(track_id)
        if trail is None:
            return None
        points = np.asarray(trail)
        now_s = points[-1, 0]
        if now_s - points[0, 0] < self._window_s - 1e-6:
            return None
        half_s = now_s - self._window_s / 2
        middle = np.array([np.interp(half_s, points[:, 0], points[:, k]) for k in (1, 2)])
        start_s = now_s - self._window_s
        start = np.array([np.interp(start_s, points[:, 0], points[:, k]) for k in (1, 2)])
        end = points[-1, 1:]
        return np.stack([end - start, middle - start, end - middle])

    def step(self, track_id: int) -> tuple[float, NDArray[np.float64]] | None:
        """Returns the seconds and the displacement, shape (2,), of a track's last step."""
        trail = self._trails.get(track_id)
        if trail is None or len(trail) < 2:
            return None
        before, now = trail[-2], trail[-1]
        return now[0] - before[0], np.array([now[1] - before[1], now[2] - before[2]])

    def forget(self) -> None:
        """Drops everything."""
        self._trails.clear()

    def _append(self, track_id: int, point: tuple[float, float, float], fastest: float) -> None:
        trail = self._trails.setdefault(track_id, deque())
        if trail:
            last_s, x, y = trail[-1]
            step = ((point[1] - x) ** 2 + (point[2] - y) ** 2) ** 0.5
            if step > fastest * (point[0] - last_s + 0.1):
                trail.clear()
        trail.append(point)
        while len(trail) > 2 and trail[1][0] <= point[0] - self._window_s + 1e-6:
            trail.popleft()

"""Follows boxes from frame to frame inside one camera.

After SORT (Bewley et al. 2016) and ByteTrack (Zhang et al. 2022): boxes of a high score are
paired with predicted tracks first, boxes of a low score may only keep known tracks alive.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.analysis.association import assign, cover, overlap
from ray_app.analysis.kalman import BoxStates, Floats, correct, predict, start
from ray_app.domain.observation import Detections, Tracks
from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings

SAME_BOX_IOU = 0.5
# Share of a weak box that a strong one covers from which on it is the same person seen twice:
# suppression by union lets a half-size box inside a whole one live.
SAME_PERSON_COVER = 0.7


@settings
class TrackerSettings:
    """How boxes are followed.

    Attributes:
        high_score: Boxes scoring this or more may begin a track.
        low_score: Boxes scoring less are not looked at.
        forget_s: A track unseen for longer ends; its number never comes back.
        coast_s: A track unseen for no longer is still reported, at its predicted place.
        reach_per_s: Farthest a box may lie from its track's predicted centre, in box heights,
            per second since the track was last seen; 1.5 is 2.6 m/s for a person.
        reach: The same at once, for the wavering of boxes.
    """

    high_score: float = 0.5
    low_score: float = 0.15
    forget_s: float = 1.5
    coast_s: float = 0.5
    reach_per_s: float = 1.5
    reach: float = 0.3

    def __post_init__(self) -> None:
        refuse_faults(
            between("high_score", self.high_score, 0, 1),
            between("low_score", self.low_score, 0, self.high_score),
            between("coast_s", self.coast_s, 0, self.forget_s),
            above("reach_per_s", self.reach_per_s, 0, 100),
            between("reach", self.reach, 0, 10),
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """All tracks of a camera, as columns of n rows.

    Attributes:
        first_s: When each was first seen.
        last_s: When each was last seen.
        hits: In how many frames each was seen.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int16]
    states: BoxStates
    first_s: Floats
    last_s: Floats
    hits: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_]) -> "Followed":
        """Returns the rows where keep is true."""
        return Followed(
            self.ids[keep],
            self.labels[keep],
            self.states.only(keep),
            self.first_s[keep],
            self.last_s[keep],
            self.hits[keep],
        )

    def join(self, more: "Followed") -> "Followed":
        """Returns these rows followed by more."""
        return Followed(
            np.concatenate([self.ids, more.ids]),
            np.concatenate([self.labels, more.labels]),
            self.states.join(more.states),
            np.concatenate([self.first_s, more.first_s]),
            np.concatenate([self.last_s, more.last_s]),
            np.concatenate([self.hits, more.hits]),
        )


class Tracker:
    """Gives boxes numbers that live inside one camera and end with what they follow.

    A track is reported from its second sighting on; in the first frame of a stretch, where
    nothing can have a second one, all are.
    """

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._next_id = 1
        self._last_s: float | None = None
        self._followed = _begin(np.zeros((0, 4)), np.zeros(0, np.int16), 1, 0.0)

    def update(
        self, detections: Detections, time_s: float, picture_size_px: tuple[int, int]
    ) -> Tracks:
        """Takes the boxes of the next frame; returns what is followed in it."""
        first_frame = self._last_s is None
        elapsed_s = 0.0 if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        seen = _centres(detections.boxes_px)
        sound = (seen[:, 2:] > 0).all(axis=1) & np.isfinite(seen).all(axis=1)
        high = np.flatnonzero(sound & (detections.scores >= self._settings.high_score))
        low = np.flatnonzero(
            sound
            & (detections.scores >= self._settings.low_score)
            & (detections.scores < self._settings.high_score)
        )
        low = low[~_covered(detections, low, high)]
        self._predict(elapsed_s)
        taken = self._pair(seen, detections.labels, high, time_s)
        self._pair(seen, detections.labels, low, time_s)
        self._begin(seen, detections.labels, np.setdiff1d(high, taken), time_s)
        self._end(time_s)
        return self._report(time_s, picture_size_px, 1 if first_frame else 2)

    def forget(self) -> None:
        """Ends all tracks: the footage was interrupted. Numbers go on."""
        self._followed = self._followed.only(np.zeros(len(self._followed.ids), np.bool_))
        self._last_s = None

    def _predict(self, elapsed_s: float) -> None:
        f = self._followed
        states = predict(f.states, elapsed_s)
        self._followed = Followed(f.ids, f.labels, states, f.first_s, f.last_s, f.hits)

    def _pair(
        self,
        seen: Floats,
        labels: NDArray[np.int16],
        candidates: NDArray[np.intp],
        time_s: float,
    ) -> NDArray[np.intp]:
        """Gives candidate boxes to tracks not yet seen now; returns the boxes given."""
        f = self._followed
        waiting = np.flatnonzero(f.last_s < time_s)
        states = f.states.only(waiting)
        unseen_s = time_s - f.last_s[waiting]
        reach = states.scale[:, 0] * (self._settings.reach + self._settings.reach_per_s * unseen_s)
        rows, columns = assign(
            states, f.labels[waiting], seen[candidates], labels[candidates], reach
        )
        tracks, boxes = waiting[rows], candidates[columns]
        fixed = correct(f.states.only(tracks), seen[boxes])
        f.states.mean[tracks], f.states.spread[tracks] = fixed.mean, fixed.spread
        f.last_s[tracks] = time_s
        f.hits[tracks] += 1
        return boxes

    def _begin(
        self, seen: Floats, labels: NDArray[np.int16], boxes: NDArray[np.intp], time_s: float
    ) -> None:
        new = _begin(seen[boxes], labels[boxes], self._next_id, time_s)
        self._next_id += len(boxes)
        self._followed = self._followed.join(new)

    def _end(self, time_s: float) -> None:
        f = self._followed
        patience_s = np.where(f.hits > 1, self._settings.forget_s, self._settings.coast_s)
        self._followed = f.only(time_s - f.last_s <= patience_s + 1e-6)

    def _report(self, time_s: float, size_px: tuple[int, int], least_hits: int) -> Tracks:
        f = self._followed
        boxes, values = _corners(f.states.values), f.states.values
        now = (f.last_s == time_s) & (f.hits >= least_hits)
        inside = (values[:, :2] >= 0).all(axis=1) & (values[:, :2] <= np.array(size_px)).all(axis=1)
        coasts = ~now & (f.hits >= 2) & (time_s - f.last_s <= self._settings.coast_s + 1e-6)
        # A predicted box on top of a seen one is the same person under a new number.
        same = f.labels[:, None] == f.labels[None, now]
        hidden = (same & (overlap(boxes, boxes[now]) > SAME_BOX_IOU)).any(axis=1)
        shown = now | (coasts & inside & ~hidden)
        return Tracks(
            f.ids[shown],
            boxes[shown].astype(np.float32),
            f.labels[shown],
            (time_s - f.first_s[shown]).astype(np.float32),
        )


def _begin(centres: Floats, labels: NDArray[np.int16], first_id: int, time_s: float) -> Followed:
    n = len(centres)
    ids = np.arange(first_id, first_id + n, dtype=np.int64)
    times = np.full(n, time_s)
    hits = np.ones(n, np.int64)
    return Followed(ids, labels.astype(np.int16), start(centres), times, times.copy(), hits)


def _centres(boxes_px: NDArray[np.float32]) -> Floats:
    boxes = boxes_px.astype(np.float64)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _corners(values: Floats) -> Floats:
    half = values[:, 2:] / 2
    return np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)


def _covered(
    detections: Detections, weak: NDArray[np.intp], strong: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Returns which weak boxes lie for the most part on or around a strong box of their class."""
    boxes, labels = detections.boxes_px.astype(np.float64), detections.labels
    same = labels[weak][:, None] == labels[strong][None, :]
    on_top = cover(boxes[weak], boxes[strong]) >= SAME_PERSON_COVER
    return np.asarray((same & on_top).any(axis=1))

"""Everybody in a scenario, as bodies ready to be drawn at every frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.posture import Postures, join_postures
from ray_app.video.synthetic.scenario import Scenario
from ray_app.video.synthetic.strides import smooth_way, walk
from ray_app.video.synthetic.walkers import Track, simulate
from ray_app.video.synthetic.wardrobe import dress

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cast:
    """Bodies of all people at all frames, frame after frame.

    Attributes:
        rate_hz: Frames per second.
        tracks: Everybody's way, as drawn.
        postures: One row per person and frame, ordered by frame, then by person.
        person_ids: Whose each row is, int64, shape (rows,).
        starts: First row of each frame, and the end, int64, shape (frames + 1,).
    """

    rate_hz: float
    tracks: tuple[Track, ...]
    postures: Postures
    person_ids: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.starts) - 1

    def rows_at(self, frame: int) -> NDArray[np.int64]:
        """Returns the rows of one frame."""
        return np.arange(self.starts[frame], self.starts[frame + 1])

    def places_at(self, frame: int) -> FloatArray:
        """Returns where everybody is at one frame, metres, shape (n, 2)."""
        return self.postures.xy_m[self.starts[frame] : self.starts[frame + 1]]


def cast_scenario(scenario: Scenario, rate_hz: float, seed: int) -> Cast:
    """Walks everybody through the scenario; the same seed gives the same cast."""
    raw = simulate(
        scenario.area_m,
        scenario.obstacles_m,
        scenario.groups,
        scenario.seconds,
        rate_hz,
        seed,
    )
    tracks = tuple(
        Track(t.person_id, t.group, t.first_frame, smooth_way(t.xy_m, rate_hz)) for t in raw
    )
    frames = round(scenario.seconds * rate_hz)
    clothes = dress(max(1, len(tracks)), seed)
    bodies = [
        walk(
            track.xy_m,
            rate_hz,
            clothes.only(np.full(len(track.xy_m), track.person_id)),
            track.person_id,
            falls_after_s(scenario, track, rate_hz),
        )
        for track in tracks
    ]
    frame_of = [track.first_frame + np.arange(len(track.xy_m)) for track in tracks]
    owner_of = [np.full(len(track.xy_m), track.person_id) for track in tracks]
    when = np.concatenate([np.zeros(0, np.int64), *frame_of])
    who = np.concatenate([np.zeros(0, np.int64), *owner_of])
    order = np.lexsort((who, when))
    starts = np.searchsorted(when[order], np.arange(frames + 1))
    return Cast(rate_hz, tracks, join_postures(bodies).only(order), who[order], starts)


def falls_after_s(scenario: Scenario, track: Track, rate_hz: float) -> float | None:
    """Returns how long after its first frame a person falls; None for most people."""
    collapse = next(g for g in scenario.groups if g.name == track.group).collapse
    return None if collapse is None else collapse.at_s - track.first_frame / rate_hz

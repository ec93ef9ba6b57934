"""Joins the steps of each situation to one whole, and says which moments to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.domain.event import Event, Phase
from ray_app.report.data import Curve

COUNTED = ("people", "people and vehicles")


@dataclass(frozen=True, slots=True)
class Episode:
    """One situation from its opening to its end.

    Attributes:
        started_s: First crossing of the alarm level, seconds on the camera's time line.
        ended_s: When it closed; None while open at the end of the footage.
        peak: Level where it was surely strongest: where the level less one standard deviation
            is highest. One wild frame of great uncertainty is no peak.
        peak_sigma: One standard deviation of peak; None when unknown.
        peak_s: When it was strongest.
        peak_frame: Index of the frame at the peak.
        ended_by: "level", or "footage" when the footage ended first; None while open.
        frames: Indexes of frames that show it.
        measures: Further numbers at the last step.
        clear_s: Seconds in which the level less two standard deviations was at open_at or
            above; None when the uncertainty is unknown.
        likely_s: The same with one standard deviation.
    """

    event_id: str
    camera_id: str
    situation: str
    place: str
    unit: str
    started_s: float
    ended_s: float | None
    peak: float
    peak_sigma: float | None
    peak_s: float
    peak_frame: int
    open_at: float
    close_at: float
    ended_by: str | None
    frames: tuple[int, ...]
    measures: tuple[tuple[str, float], ...]
    clear_s: float | None = None
    likely_s: float | None = None

    @property
    def severity(self) -> float:
        """How many times its alarm level it surely reached: comparable between situations."""
        return (self.peak - (self.peak_sigma or 0.0)) / self.open_at


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame worth a picture."""

    camera_id: str
    index: int
    time_s: float


def whole_episodes(
    events: Iterable[Event], curves: Sequence[Curve], rates_hz: dict[str, float]
) -> tuple[Episode, ...]:
    """Returns every situation that opened, in order of time; candidates that lapsed are left out.

    Args:
        events: Steps in any order; repeated steps count once.
        curves: Where the uncertainty of the peak is looked up.
        rates_hz: Analysed frames per second by camera id; frame k lies at k / rate.
    """
    last: dict[str, Event] = {}
    for event in events:
        if event.phase not in (Phase.OPENED, Phase.CLOSED):
            continue
        before = last.get(event.event_id)
        if before is None or before.phase is not Phase.CLOSED:
            last[event.event_id] = event
    by_place = {(c.camera_id, c.situation, c.place): c for c in curves}
    episodes = [
        _episode(event, by_place.get((event.camera_id, event.situation, event.place)), rates_hz)
        for event in last.values()
    ]
    return tuple(sorted(episodes, key=lambda e: (e.started_s, e.event_id)))


def worst_first(episodes: Iterable[Episode]) -> list[Episode]:
    """Returns episodes by how many times their alarm level they reached."""
    return sorted(episodes, key=lambda e: (-e.severity, e.event_id))


def moments_to_show(episodes: Iterable[Episode], most: int = 6) -> tuple[Moment, ...]:
    """Returns the peaks of the worst minutes, at most one a minute and camera, worst first."""
    chosen: dict[tuple[str, int], Moment] = {}
    for episode in worst_first(episodes):
        minute = (episode.camera_id, int(episode.peak_s // 60))
        moment = Moment(episode.camera_id, episode.peak_frame, episode.peak_s)
        chosen.setdefault(minute, moment)
    return tuple(chosen.values())[:most]


def _episode(event: Event, curve: Curve | None, rates_hz: dict[str, float]) -> Episode:
    closed = event.phase is Phase.CLOSED
    why = event.why
    peak_frame = why.frames[1] if len(why.frames) > 1 else why.frames[0] if why.frames else 0
    peak_s = peak_frame / rates_hz[event.camera_id] if why.frames else event.time_s
    # The sigma of an event belongs to its last step, not to its peak.
    peak, sigma, clear_s, likely_s = why.peak, None, None, None
    if curve is not None and len(curve.time_s):
        end_s = event.time_s if closed else float(curve.time_s[-1])
        during = (curve.time_s >= event.started_s - 1e-9) & (curve.time_s <= end_s + 1e-9)
        if during.any():
            surely = curve.level - np.nan_to_num(curve.sigma, nan=0.0)
            at = int(np.where(during, surely, -np.inf).argmax())
            peak, peak_s = float(curve.level[at]), float(curve.time_s[at])
            peak_frame = round(peak_s * rates_hz[event.camera_id])
            sigma = None if curve.sigma[at] != curve.sigma[at] else float(curve.sigma[at])
            clear_s, likely_s = (
                _surely_above_s(curve, during, why.open_at, k, rates_hz[event.camera_id])
                for k in (2, 1)
            )
    return Episode(
        event_id=event.event_id,
        camera_id=event.camera_id,
        situation=event.situation,
        place=event.place,
        unit=why.unit,
        started_s=event.started_s,
        ended_s=event.time_s if closed else None,
        peak=peak,
        peak_sigma=sigma,
        peak_s=peak_s,
        peak_frame=peak_frame,
        open_at=why.open_at,
        close_at=why.close_at,
        ended_by=why.ended_by if closed else None,
        frames=why.frames,
        measures=why.measures,
        clear_s=clear_s,
        likely_s=likely_s,
    )


def _surely_above_s(
    curve: Curve, during: NDArray[np.bool_], open_at: float, sigmas: int, rate_hz: float
) -> float | None:
    known = during & np.isfinite(curve.sigma)
    if not known.any():
        return None
    # Counts are whole: at least 3 people means more than 2.5.
    least = open_at - 0.5 if curve.unit in COUNTED else open_at
    above = curve.level[known] - sigmas * curve.sigma[known] >= least
    return float(above.sum()) / rate_hz

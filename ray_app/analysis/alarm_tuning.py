"""Finds alarm levels for a stated number of false alarms: the same gate on stored readings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ray_app.analysis.event_scores import Alarm, TrueEvent, score_clip
from ray_app.analysis.hysteresis import HysteresisGate, HysteresisSettings
from ray_app.domain.event import Phase

HOLDS_S = (0.0, 0.6, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
LEVELS_TRIED = 24
LabelsFor = Callable[[HysteresisSettings], Sequence[TrueEvent]]


@dataclass(frozen=True, slots=True)
class Series:
    """Levels of one situation in one place of one camera.

    Attributes:
        times_s: On the camera's time line, rising.
        levels: One per time.
        breaks: Positions at which the footage had broken off before.
    """

    place: str
    times_s: tuple[float, ...]
    levels: tuple[float, ...]
    breaks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Watched:
    """One camera's readings and what truly happened there.

    Attributes:
        name: Of the camera or file.
        seconds: Footage looked at.
        series: One per place.
        labels: True events; they depend on the levels where these hold a dwell.
    """

    name: str
    seconds: float
    series: tuple[Series, ...]
    labels: LabelsFor


@dataclass(frozen=True, slots=True)
class Trial:
    """What would have happened with some levels.

    Attributes:
        true: Labelled events.
        found: Of them answered.
        false: Alarms that answer none.
        false_per_hour: The same per camera-hour.
        median_delay_s: None when nothing was found.
    """

    alarm: HysteresisSettings
    true: int
    found: int
    false: int
    false_per_hour: float
    median_delay_s: float | None


def openings(series: Series, alarm: HysteresisSettings) -> tuple[float, ...]:
    """Returns when events would have opened, seconds."""
    gate = HysteresisGate(alarm)
    opened = []
    for k, (time_s, level) in enumerate(zip(series.times_s, series.levels, strict=True)):
        if k in series.breaks:
            gate.interrupt()
        if Phase.OPENED in gate.update(level, time_s):
            opened.append(time_s)
    return tuple(opened)


def try_alarm(cameras: Sequence[Watched], alarm: HysteresisSettings) -> Trial:
    """Returns what these levels would have done."""
    clips = [
        score_clip(
            camera.name,
            camera.seconds,
            [Alarm(t) for series in camera.series for t in openings(series, alarm)],
            camera.labels(alarm),
        )
        for camera in cameras
    ]
    delays = [delay for clip in clips for delay in clip.delays_s]
    false = sum(clip.false for clip in clips)
    return Trial(
        alarm,
        sum(clip.true for clip in clips),
        sum(clip.found for clip in clips),
        false,
        false / max(sum(clip.hours for clip in clips), 1e-9),
        float(np.median(delays)) if delays else None,
    )


def tune(
    cameras: Sequence[Watched], present: HysteresisSettings, false_per_hour: float
) -> tuple[Trial, ...]:
    """Tries levels and holds around what was read; returns all trials, best first.

    Best is: within the budget, most found, fewest false, soonest, then the highest level, which is
    farthest from what is usual. close_at keeps its share of open_at, release_s stays.
    """
    share = present.close_at / present.open_at
    trials = [
        try_alarm(
            cameras,
            replace(present, open_at=level, close_at=share * level, hold_s=hold_s),
        )
        for level in levels_to_try(cameras, present)
        for hold_s in sorted({*HOLDS_S, present.hold_s})
    ]

    def worth(trial: Trial) -> tuple[float, ...]:
        over = max(0.0, trial.false_per_hour - false_per_hour)
        delay_s = 0.0 if trial.median_delay_s is None else max(0.0, trial.median_delay_s)
        return (over, -trial.found, trial.false, round(delay_s, 1), -trial.alarm.open_at)

    return tuple(sorted(trials, key=worth))


def levels_to_try(cameras: Sequence[Watched], present: HysteresisSettings) -> tuple[float, ...]:
    """Returns present level and others spread over what was read, three digits each."""
    read = np.concatenate(
        [np.asarray(s.levels, np.float64) for camera in cameras for s in camera.series]
        or [np.zeros(0)]
    )
    read = read[read > 0]
    if len(read) == 0:
        return (present.open_at,)
    # Evenly by rank in the upper tail, where alarms are made, and evenly by value.
    ranks = np.quantile(read, 1 - np.geomspace(1e-4, 0.6, LEVELS_TRIED // 2))
    values = np.linspace(read.max() / LEVELS_TRIED * 2, read.max(), LEVELS_TRIED // 2)
    tried = {float(f"{level:.3g}") for level in (*ranks, *values) if level > 0}
    return tuple(sorted({*tried, present.open_at}))

"""Scores events against labelled ones: recall, precision, false alarms per camera-hour, delay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

Box = tuple[float, float, float, float]
"""Left, upper, right and lower side, source pixels."""
EARLY_S = 2.0
LATE_S = 10.0
"""An alarm from 2 s before the true start to 10 s after the true alarm time answers it."""
NEAR_PX = 10.0
"""How exact boxes drawn by eye are."""
RESAMPLED = 2000
TAIL = 0.025


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One labelled event.

    Attributes:
        start_s: When it begins.
        alarm_s: When a perfect system would signal it; start_s where nothing must be waited for.
        slack_s: How exact the label is.
        box_px: Where it is; None where the label does not say.
    """

    start_s: float
    alarm_s: float
    slack_s: float = 0.0
    box_px: Box | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    Attributes:
        time_s: When it was given.
        box_px: Where; None where the situation tells no place in the picture.
    """

    time_s: float
    box_px: Box | None = None

    def answers(self, event: TrueEvent) -> bool:
        """Returns whether it comes in time, and in place where both tell one."""
        early = event.start_s - EARLY_S - event.slack_s
        late = event.alarm_s + LATE_S + event.slack_s
        if not early <= self.time_s <= late:
            return False
        if self.box_px is None or event.box_px is None:
            return True
        left, upper, right, lower = self.box_px
        x1, y1, x2, y2 = event.box_px
        across = left <= x2 + NEAR_PX and x1 - NEAR_PX <= right
        return across and upper <= y2 + NEAR_PX and y1 - NEAR_PX <= lower


@dataclass(frozen=True, slots=True)
class ClipScore:
    """How one clip was answered.

    Attributes:
        name: Of the clip.
        hours: Its length.
        true: Labelled events.
        found: Of them answered.
        false: Alarms that answer none.
        delays_s: From the true alarm time to the alarm, of those found.
    """

    name: str
    hours: float
    true: int
    found: int
    false: int
    delays_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EventScores:
    """All clips together; intervals are 95 %, clips drawn again (bootstrap).

    Attributes:
        recall: Share of true events found; None without any.
        precision: Share of alarms that answer a true event; None without alarms.
        false_per_hour: False alarms per camera-hour.
        false_per_hour_most: What they can be at most with 97.5 % certainty if they come by chance
            (Garwood 1936): drawing again clips without any says nothing.
        median_delay_s: None when nothing was found.
    """

    clips: int
    hours: float
    true: int
    found: int
    false: int
    recall: float | None
    recall_interval: tuple[float, float] | None
    precision: float | None
    precision_interval: tuple[float, float] | None
    false_per_hour: float
    false_per_hour_interval: tuple[float, float]
    false_per_hour_most: float
    median_delay_s: float | None


def score_clip(
    name: str, seconds: float, alarms: Sequence[Alarm], labelled: Sequence[TrueEvent]
) -> ClipScore:
    """Returns how a clip's alarms answer its labels: each alarm one event, each event one alarm.

    A second alarm for the same event is false.

    Args:
        name: Of the clip.
        seconds: Its length.
        alarms: When and where events opened.
        labelled: True events.
    """
    left = sorted(alarms, key=lambda each: each.time_s)
    delays: list[float] = []
    for event in sorted(labelled, key=lambda each: each.start_s):
        answer = next((alarm for alarm in left if alarm.answers(event)), None)
        if answer is not None:
            left.remove(answer)
            delays.append(answer.time_s - event.alarm_s)
    return ClipScore(name, seconds / 3600, len(labelled), len(delays), len(left), tuple(delays))


def add_up(clips: Sequence[ClipScore]) -> EventScores:
    """Returns the scores of all clips; there must be at least one with a length."""
    counts = np.array([(clip.true, clip.found, clip.false, clip.hours) for clip in clips], float)
    delays = [delay for clip in clips for delay in clip.delays_s]
    rng = np.random.default_rng(0)
    drawn = counts[rng.integers(0, len(clips), (RESAMPLED, len(clips)))].sum(axis=1)
    true, found, false, hours = counts.sum(axis=0)
    return EventScores(
        clips=len(clips),
        hours=float(hours),
        true=int(true),
        found=int(found),
        false=int(false),
        recall=_share(found, true),
        recall_interval=_interval(drawn[:, 1], drawn[:, 0]),
        precision=_share(found, found + false),
        precision_interval=_interval(drawn[:, 1], drawn[:, 1] + drawn[:, 2]),
        false_per_hour=float(false / hours),
        false_per_hour_interval=_interval(drawn[:, 2], drawn[:, 3]) or (0.0, 0.0),
        false_per_hour_most=float(chdtri(2 * (false + 1), TAIL) / 2 / hours),
        median_delay_s=float(np.median(delays)) if delays else None,
    )


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _interval(part: np.ndarray, whole: np.ndarray) -> tuple[float, float] | None:
    there = whole > 0
    if not there.any():
        return None
    low, high = np.percentile(part[there] / whole[there], [2.5, 97.5])
    return float(low), float(high)

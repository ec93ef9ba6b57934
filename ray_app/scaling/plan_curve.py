"""What the planner expects: offered work over the event, its moments, the crowd's counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ray_app.scaling.load import Anchor

FloatArray = NDArray[np.float64]
ALREADY_S = 1e7


@dataclass(frozen=True, slots=True)
class PlannedCount:
    """People expected in one counted zone, on the steps of the plan."""

    zone: str
    people: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PlanCurve:
    """A planned event.

    Attributes:
        start_s: Time of the first step on the event's clock, seconds.
        step_s: Between two steps, seconds.
        offered_per_s: Work expected at every step, tiles per second.
        moments: The programme with its planned times.
        counts: What the counted zones should show.
    """

    start_s: float
    step_s: float
    offered_per_s: FloatArray
    moments: tuple[Anchor, ...] = ()
    counts: tuple[PlannedCount, ...] = ()

    def at(self, values: FloatArray, times_s: FloatArray) -> FloatArray:
        """Returns values of the nearest steps; the ends go on for ever."""
        steps = np.rint((times_s - self.start_s) / self.step_s).astype(np.int64)
        return values[np.clip(steps, 0, len(values) - 1)]

    @property
    def least_per_s(self) -> float:
        """The calmest moment of the plan, tiles per second."""
        return float(self.offered_per_s.min())

    def peak_between(self, from_s: float, to_s: float) -> float:
        """Returns the most work planned in a span of planned time, tiles per second."""
        last = len(self.offered_per_s) - 1
        first = min(last, max(0, int((from_s - self.start_s) // self.step_s)))
        end = min(last, max(first, int(-(-(to_s - self.start_s) // self.step_s))))
        return float(self.offered_per_s[first : end + 1].max())

    def peaks_around(self, times_s: FloatArray, before_s: float, after_s: float) -> FloatArray:
        """Returns the most work planned around every time, tiles per second."""
        first, last = -round(before_s / self.step_s), round(after_s / self.step_s)
        steps = np.rint((times_s - self.start_s) / self.step_s).astype(np.int64)
        around = np.clip(steps[:, None] + np.arange(first, last + 1), 0, None)
        around = np.minimum(around, len(self.offered_per_s) - 1)
        return np.asarray(self.offered_per_s[around].max(axis=1))


def planned_time_s(
    times_s: FloatArray, moments: Sequence[Anchor], anchors: Sequence[Anchor]
) -> FloatArray:
    """Returns the planned time that real times correspond to.

    Every moment whose real time is known pins the plan; between two of them the plan is
    stretched evenly, before the first and after the last it is shifted. A moment announced
    earlier than one that is planned before it is left out.
    """
    real = {anchor.name: anchor.time_s for anchor in anchors}
    pins: list[tuple[float, float]] = []
    for moment in sorted(moments, key=lambda m: m.time_s):
        known = real.get(moment.name)
        if known is not None and (not pins or known > pins[-1][0]):
            pins.append((known, moment.time_s))
    if not pins:
        return times_s
    (first_real, first_plan), (last_real, last_plan) = pins[0], pins[-1]
    reals = [first_real - ALREADY_S, *(pin[0] for pin in pins), last_real + ALREADY_S]
    plans = [first_plan - ALREADY_S, *(pin[1] for pin in pins), last_plan + ALREADY_S]
    return np.interp(times_s, reals, plans)

"""Remembers what was measured, and judges whether the plan still holds."""

from dataclasses import dataclass, replace

import numpy as np

from ray_app.scaling.load import Anchor, Load
from ray_app.scaling.plan_curve import PlanCurve, planned_time_s
from ray_app.scaling.plan_fit import Measured, PlanFit, Prior, fit_plan

SAMPLE_EVERY_S = 10.0
FIT_EVERY_S = 30.0
FIT_OVER_S = 900.0
LEAST_SAMPLES = 12
SHIFTS_S = np.arange(-900.0, 901.0, 60.0)
# Once the programme's moments are told, only the crowd's own habits are left to shift.
SHIFT_SD_TOLD_S = 150.0

# A surge is remembered when it lasted a tenth of the window and stands out of the noise.
SURGE_QUANTILE, SURGE_NOTED, MOST_SURGE = 0.9, 1.15, 3.0
LEAST_ABOVE_CALM = 0.05
# A rise or a fall that comes so much earlier or later than fitted is no surge.
EDGE_S = 180.0
# Trains and buses come again within so long, and each brings who waited for it.
COMES_AGAIN_S = 720.0
# The next one may bring more than the last; chosen on ten days of the stadium match.
SURGE_ROOM = 1.3

BROKEN_ABOVE, MENDED_BELOW = 0.25, 0.12
BROKEN_AFTER_S = 120.0
# Who came by a train is gone within so long; who stays longer was not planned.
GONE_AFTER_S = 300.0
SURGE_ABOVE = 0.12
LEAST_GROWING = 4
FASTER_THAN_SLOWEST = 2.0
DOUBLED_IN_S = 60.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Measurements of the last quarter of an hour, oldest first.

    Attributes:
        times_s: When, seconds.
        offered_per_s: Offered work.
        counts: People in the plan's counted zones; one tuple per time.
        fitted_s: When the plan was last fitted to them; None before.
        is_due: Whether it is time to fit again.
    """

    times_s: tuple[float, ...] = ()
    offered_per_s: tuple[float, ...] = ()
    counts: tuple[tuple[float, ...], ...] = ()
    fitted_s: float | None = None
    is_due: bool = False

    @property
    def last_s(self) -> float | None:
        """When the newest was taken."""
        return self.times_s[-1] if self.times_s else None

    def growth_per_s(self, load: Load) -> float:
        """Returns how fast the work has grown for half a minute without a break; 0 otherwise.

        A step, as of a train, has come already and says nothing of what follows. Never more
        than would double the work within a minute.
        """
        if load.offered_per_s is None or len(self.times_s) < LEAST_GROWING:
            return 0.0
        times_s, values = self.times_s[-LEAST_GROWING:], self.offered_per_s[-LEAST_GROWING:]
        slowest = float((np.diff(values) / np.diff(times_s)).min())
        mean = (load.offered_per_s - values[0]) / (load.time_s - times_s[0])
        grown = min(mean, FASTER_THAN_SLOWEST * slowest, load.offered_per_s / DOUBLED_IN_S)
        return max(0.0, grown)


def remember(samples: Samples, load: Load, curve: PlanCurve) -> Samples:
    """Adds the load to the samples when the last one is old enough."""
    if load.offered_per_s is None:
        return replace(samples, is_due=False) if samples.is_due else samples
    if samples.last_s is not None and load.time_s - samples.last_s < SAMPLE_EVERY_S:
        return replace(samples, is_due=False) if samples.is_due else samples
    counted = {count.zone: count.people for count in load.counts}
    people = tuple(counted.get(planned.zone, float("nan")) for planned in curve.counts)
    oldest_s = load.time_s - FIT_OVER_S
    first = sum(time_s < oldest_s for time_s in samples.times_s)
    times_s = (*samples.times_s[first:], load.time_s)
    is_due = len(times_s) >= LEAST_SAMPLES and (
        samples.fitted_s is None or load.time_s - samples.fitted_s >= FIT_EVERY_S
    )
    return Samples(
        times_s,
        (*samples.offered_per_s[first:], load.offered_per_s),
        (*samples.counts[first:], people),
        load.time_s if is_due else samples.fitted_s,
        is_due,
    )


def fitted(
    samples: Samples,
    anchors: tuple[Anchor, ...],
    curve: PlanCurve,
    scale_sd: float,
    shift_sd_s: float,
) -> PlanFit:
    """Returns the plan fitted to the samples; zones nobody counts are left out."""
    times_s = planned_time_s(np.array(samples.times_s), curve.moments, anchors)
    counts = np.array(samples.counts).reshape(len(times_s), len(curve.counts)).T
    is_counted = ~np.isnan(counts).any(axis=1)
    planned = tuple(p for p, counted in zip(curve.counts, is_counted, strict=True) if counted)
    told = {anchor.name for anchor in anchors}
    sd_s = SHIFT_SD_TOLD_S if any(m.name in told for m in curve.moments) else shift_sd_s
    return fit_plan(
        replace(curve, counts=planned),
        Measured(times_s, np.array(samples.offered_per_s), counts[is_counted]),
        Prior(scale_sd, min(sd_s, shift_sd_s), SHIFTS_S),
    )


def surge_of(
    samples: Samples, anchors: tuple[Anchor, ...], curve: PlanCurve, fit: PlanFit
) -> float:
    """Returns how far the work rises above the fitted plan from time to time; 1 when it does not.

    Trains, buses and sudden crowds come again: what rose above the plan in the last quarter of
    an hour is expected on top of what is planned. The ratio is taken of the work above the
    calmest planned, which cameras offer even when nobody is there.
    """
    times_s = planned_time_s(np.array(samples.times_s), curve.moments, anchors) - fit.shift_s
    calm, most = (fit.scale * float(bound(curve.offered_per_s)) for bound in (np.min, np.max))
    due = fit.scale * curve.peaks_around(times_s, COMES_AGAIN_S, EDGE_S) - calm
    least = max(LEAST_ABOVE_CALM * (most - calm), LEAST_ABOVE_CALM * calm, 1e-6)
    ratios = (np.array(samples.offered_per_s) - calm) / np.maximum(due, least)
    surge = float(np.quantile(ratios, SURGE_QUANTILE))
    return min(surge, MOST_SURGE) if surge > SURGE_NOTED else 1.0


def with_surge(curve: PlanCurve, fit: PlanFit, surge: float, now_s: float, ahead_s: float) -> float:
    """Returns the most work of a surge that comes again between now and ahead, tiles per second.

    Args:
        curve: The plan.
        fit: How reality relates to it.
        surge: From surge_of.
        now_s: Now, in planned time.
        ahead_s: Until when, in planned time.
    """
    calm = fit.scale * curve.least_per_s
    due = fit.scale * curve.peak_between(now_s - COMES_AGAIN_S, ahead_s)
    return calm + SURGE_ROOM * surge * (due - calm)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the plan still holds.

    Attributes:
        off_since_s: Since when the measured work is far from all the plan explains; None when
            it is near.
        above_since_s: Since when it is far above the plan itself, trains or not.
        is_broken: The plan has been far off for too long; reaction takes over.
        is_surging: More is offered now than the fitted plan explains.
    """

    off_since_s: float | None = None
    above_since_s: float | None = None
    is_broken: bool = False
    is_surging: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """What may be offered now without the plan being wrong, tiles per second.

    Attributes:
        planned_per_s: What the fitted plan says.
        least_per_s: The least between two trains.
        most_per_s: The most when one has come.
    """

    planned_per_s: float
    least_per_s: float
    most_per_s: float


def explained(curve: PlanCurve, fit: PlanFit, surge: float, now_s: float) -> Explained:
    """Returns what the fitted plan explains at a planned time, with the surges seen lately.

    A crowd that comes by the train is now above the plan, now below it: neither breaks it.
    """
    planned = fit.scale * curve.peak_between(now_s, now_s)
    if surge <= 1:
        return Explained(planned, planned, planned)
    most = with_surge(curve, fit, surge, now_s, now_s + EDGE_S)
    return Explained(planned, fit.scale * curve.least_per_s, max(planned, most))


def judged(trust: Trust, load: Load, known: Explained, *, is_new: bool) -> Trust:
    """Returns the trust after one more sample; between samples it stays."""
    if load.offered_per_s is None or not is_new:
        return trust
    offered = load.offered_per_s
    is_surging = offered > (1 + SURGE_ABOVE) * known.planned_per_s
    near = min(max(offered, known.least_per_s), known.most_per_s)
    error = abs(offered - near) / max(near, 1e-6)
    off_s = _since(trust.off_since_s, load.time_s, error > BROKEN_ABOVE)
    is_above = offered > (1 + BROKEN_ABOVE) * known.planned_per_s
    above_s = _since(trust.above_since_s, load.time_s, is_above)
    has_lasted = (off_s is not None and load.time_s - off_s >= BROKEN_AFTER_S) or (
        above_s is not None and load.time_s - above_s >= GONE_AFTER_S
    )
    is_mended = error <= MENDED_BELOW and not is_above
    is_broken = has_lasted or (trust.is_broken and not is_mended)
    return Trust(off_s, above_s, is_broken, is_surging)


def _since(before_s: float | None, now_s: float, is_so: bool) -> float | None:
    """Returns since when it is so; None when it is not."""
    if not is_so:
        return None
    return now_s if before_s is None else before_s

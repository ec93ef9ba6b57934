"""Fits the planned curve, in scale and in time, to what was measured lately."""

from dataclasses import dataclass

import numpy as np

from ray_app.scaling.plan_curve import FloatArray, PlanCurve

MEASUREMENT_SD = 0.08
CORRELATED_SAMPLES = 6.0
COUNT_SCALE_SD = 0.3
# Below this share of the planned peak a measurement is as uncertain as there: hardly anybody at
# a gate says nothing about when the crowd comes.
LEAST_SHARE = 0.2
# Further than so many standard deviations from the plan it is no scale but another event.
MOST_SDS = 4.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before measuring.

    Attributes:
        scale_sd: Standard deviation of the real over the planned work.
        shift_sd_s: Standard deviation of the event's delay against the plan, seconds.
        shifts_s: Delays to try, seconds.
    """

    scale_sd: float
    shift_sd_s: float
    shifts_s: FloatArray


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured lately.

    Attributes:
        times_s: Planned times of the samples (programme anchors applied), seconds.
        offered_per_s: Offered work at them.
        counts: People per counted zone at them, in the order of the plan's counts; shape
            (zones, samples).
    """

    times_s: FloatArray
    offered_per_s: FloatArray
    counts: FloatArray


@dataclass(frozen=True, slots=True)
class PlanFit:
    """How reality relates to the plan.

    Attributes:
        scale: Real work over planned work.
        shift_s: How late reality is, seconds.
    """

    scale: float = 1.0
    shift_s: float = 0.0


def fit_plan(curve: PlanCurve, measured: Measured, prior: Prior) -> PlanFit:
    """Returns the most probable scale and delay, given Gaussian priors on both.

    For every delay tried the best scale has a closed form (ridge regression with mean 1); the
    delay with the least cost wins. Samples 10 s apart share their noise (its time constant is
    about a minute), hence the division by CORRELATED_SAMPLES.
    """
    moved = measured.times_s[None, :] - prior.shifts_s[:, None]
    expected = curve.at(curve.offered_per_s, moved)
    most = float(curve.offered_per_s.max())
    scales, costs = _scaled(expected, measured.offered_per_s, most, prior.scale_sd)
    for planned, people in zip(curve.counts, measured.counts, strict=True):
        most = float(planned.people.max())
        there = curve.at(planned.people, moved)
        costs = costs + _scaled(there, people, most, COUNT_SCALE_SD)[1]
    costs = costs + (prior.shifts_s / prior.shift_sd_s) ** 2
    best = int(costs.argmin())
    return PlanFit(float(scales[best]), float(prior.shifts_s[best]))


def _scaled(
    expected: FloatArray, seen: FloatArray, most: float, scale_sd: float
) -> tuple[FloatArray, FloatArray]:
    """Returns the best scale of every row of expected against seen, and its cost.

    Args:
        expected: One row of planned values per delay tried.
        seen: The measurements.
        most: Largest planned value.
        scale_sd: Standard deviation of the real over the planned.
    """
    usual = max(float(seen.mean()), LEAST_SHARE * most, 1e-6)
    weight = 1.0 / (CORRELATED_SAMPLES * (MEASUREMENT_SD * usual) ** 2)
    prior = 1.0 / scale_sd**2
    scales = (weight * (expected @ seen) + prior) / (
        weight * np.square(expected).sum(axis=1) + prior
    )
    far = MOST_SDS * scale_sd
    scales = np.clip(scales, max(0.0, 1 - far), 1 + far)
    errors = seen[None, :] - scales[:, None] * expected
    costs = weight * np.square(errors).sum(axis=1) + prior * (scales - 1) ** 2
    return scales, costs

"""Compares policies over the same days: means, paired differences, intervals, the knee."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.outcome import Outcome

RESAMPLES = 2000
CONFIDENCE = 0.95
# Misses below this share are the same to an eye on a logarithmic axis: one tile in a million.
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PolicyScore:
    """One policy over all days.

    Attributes:
        policy: Its name.
        days: How many.
        missed_share: Of the offered tiles, per day.
        missed_p95: 95th percentile of that over the days.
        alarmed_share: The same of cameras with an open situation; the worst day.
        gpu_h: GPU-hours per day.
        money: Per day.
        p95_s: Median over the days of the 95th percentile of latency.
    """

    policy: str
    days: int
    missed_share: Interval
    missed_p95: float
    alarmed_share: float
    gpu_h: Interval
    money: Interval
    p95_s: float


def interval_of(values: Sequence[float], seed: int = 0) -> Interval:
    """Returns mean and percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13)."""
    array = np.asarray(values, np.float64)
    if len(array) < 2:
        mean = float(array.mean())
        return Interval(mean, mean, mean)
    rng = np.random.default_rng(seed)
    means = array[rng.integers(0, len(array), (RESAMPLES, len(array)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def paired(
    outcomes: Sequence[Outcome], policy: str, against: str, value: str
) -> tuple[FloatArray, FloatArray]:
    """Returns a value of both policies on the days both played, in the same order of days."""
    days: dict[str, dict[tuple[str, int], float]] = {policy: {}, against: {}}
    for outcome in outcomes:
        if outcome.policy in days:
            day = (outcome.scenario, outcome.seed)
            days[outcome.policy][day] = float(getattr(outcome, value))
    both = sorted(days[policy].keys() & days[against].keys())
    own = np.array([days[policy][day] for day in both])
    return own, np.array([days[against][day] for day in both])


def difference(outcomes: Sequence[Outcome], policy: str, against: str, value: str) -> Interval:
    """Returns the paired difference of a value, policy less the other."""
    own, other = paired(outcomes, policy, against, value)
    return interval_of((own - other).tolist())


def ratio(outcomes: Sequence[Outcome], policy: str, against: str, value: str) -> Interval:
    """Returns the ratio of the sums of a value over paired days, with its bootstrap interval."""
    own, other = paired(outcomes, policy, against, value)
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(own), (RESAMPLES, len(own)))
    ratios = own[picks].sum(axis=1) / np.maximum(other[picks].sum(axis=1), 1e-12)
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(own.sum() / max(other.sum(), 1e-12)), float(low), float(high))


def score(outcomes: Sequence[Outcome], policy: str) -> PolicyScore:
    """Returns one policy's score over all its days."""
    own = [outcome for outcome in outcomes if outcome.policy == policy]
    missed = [outcome.missed_share for outcome in own]
    return PolicyScore(
        policy=policy,
        days=len(own),
        missed_share=interval_of(missed),
        missed_p95=float(np.quantile(missed, 0.95)),
        alarmed_share=max(outcome.alarmed_share for outcome in own),
        gpu_h=interval_of([outcome.gpu_h for outcome in own]),
        money=interval_of([outcome.money for outcome in own]),
        p95_s=float(np.nanmedian([outcome.p95_s for outcome in own])),
    )


def scores(outcomes: Sequence[Outcome]) -> tuple[PolicyScore, ...]:
    """Returns every policy's score, cheapest first."""
    names = list(dict.fromkeys(outcome.policy for outcome in outcomes))
    found = (score(outcomes, name) for name in names)
    return tuple(sorted(found, key=lambda one: (one.gpu_h.mean, one.policy)))


def front(all_scores: Sequence[PolicyScore]) -> tuple[PolicyScore, ...]:
    """Returns the policies no other beats in both cost and misses, cheapest first."""
    best: list[PolicyScore] = []
    for one in sorted(all_scores, key=lambda s: (s.gpu_h.mean, s.missed_share.mean)):
        if not best or one.missed_share.mean < best[-1].missed_share.mean:
            best.append(one)
    return tuple(best)


def knee(all_scores: Sequence[PolicyScore]) -> PolicyScore:
    """Returns the policy of the front after which money buys little.

    It is the point farthest below the line between the ends of the front, cost against the
    logarithm of misses (Satopaa et al., Finding a kneedle in a haystack, 2011).
    """
    points = front(all_scores)
    cost = np.array([one.gpu_h.mean for one in points])
    missed = np.log10([max(one.missed_share.mean, LEAST_SHARE) for one in points])
    if len(points) < 3 or np.ptp(missed) == 0:
        return points[-1]
    x, y = (cost - cost[0]) / np.ptp(cost), (missed - missed[-1]) / np.ptp(missed)
    return points[int(np.argmax(1 - x - y))]


def recommended(all_scores: Sequence[PolicyScore], goal: float) -> PolicyScore:
    """Returns the cheapest policy whose misses stay within the goal on 19 days of 20.

    When none does, the one with the fewest misses.
    """
    good = [one for one in all_scores if one.missed_p95 <= goal]
    if good:
        return min(good, key=lambda one: (one.gpu_h.mean, one.policy))
    return min(all_scores, key=lambda one: (one.missed_p95, one.gpu_h.mean))

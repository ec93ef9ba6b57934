"""All that the plan of an event tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PolicyPoint:
    """One policy over all days played.

    Attributes:
        name: Of the policy.
        gpu_h: GPU-hours per day.
        money: Per day.
        missed: Share of the frames' work not analysed in time.
        missed_p95: The same on the worst day of twenty.
        alarmed: The same of cameras with an open situation, worst day.
        is_recommended: Whether it is what the plan advises.
        is_knee: Whether money buys little beyond it.
        is_reference: Whether it is no policy one can have (it knows the future).
        causes: Pairs of cause and share of all work missed by it.
    """

    name: str
    gpu_h: Spread
    money: Spread
    missed: Spread
    missed_p95: float
    alarmed: float
    is_recommended: bool
    is_knee: bool
    is_reference: bool
    causes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The advised policy on another kind of day."""

    name: str
    about: str
    missed: Spread
    alarmed: float
    gpu_h: Spread
    money: Spread


@dataclass(frozen=True, slots=True, eq=False)
class DayCurves:
    """One day under the advised policy, in the figure's steps.

    Attributes:
        title: Which day.
        minutes: On the event's clock.
        offered: Work, tiles per second.
        capacity: What running replicas carry, tiles per second.
        paid: What all paid GPUs would carry, tiles per second.
        planned: Work as planned.
        missed_share: Share of the offered work not analysed in time.
        moments: Names and minutes of the programme as it really went.
    """

    title: str
    minutes: FloatArray
    offered: FloatArray
    capacity: FloatArray
    paid: FloatArray
    planned: FloatArray
    missed_share: FloatArray
    moments: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlanData:
    """The whole page.

    Attributes:
        event: Its name.
        headline: The advice in one sentence.
        facts: Pairs of what and how much, for the tiles at the top.
        curves: Days drawn.
        policies: All compared, cheapest first.
        what_ifs: Other kinds of days.
        warm_rows: Start in words, GPUs and replicas of the pre-warm schedule.
        warm_paste: The same as text to paste.
        serve_paste: Serve's configuration to paste.
        notes: What the numbers rest on.
        sources: Where the curves come from.
        goal: Share of misses that is allowed.
        currency: Of the prices.
    """

    event: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    curves: tuple[DayCurves, ...]
    policies: tuple[PolicyPoint, ...]
    what_ifs: tuple[WhatIf, ...]
    warm_rows: tuple[tuple[str, int, int], ...]
    warm_paste: str
    serve_paste: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    goal: float
    currency: str

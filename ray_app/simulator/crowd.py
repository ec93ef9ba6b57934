"""Crowd curves: who has come, gathered and gone by every second."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ray_app.simulator.event_profile import (
    ARRIVING,
    INSIDE,
    LEAVING,
    Arrivals,
    Departures,
    EventProfile,
)

FloatArray = NDArray[np.float64]
LEAVE_BEFORE_MIN = 1.0
MOST_FLOW = 1.4
EULER = 0.5772156649


@dataclass(frozen=True, slots=True)
class Reality:
    """How an event really goes, against what was planned; the default is as planned.

    Attributes:
        moments_min: Real time of every moment, minutes.
        attendance: Real over expected attendance.
        arrival_law: normal as in the plan; gumbel or trains, which no planner's curve has.
        arrival_late_min: Arrivals nearer to the moment than planned, minutes.
        leave_factor: Real over planned time to leave.
        evacuation_min: Start of an unscheduled exit of most people; None for none.
    """

    moments_min: Mapping[str, float]
    attendance: float = 1.0
    arrival_law: str = "normal"
    arrival_late_min: float = 0.0
    leave_factor: float = 1.0
    evacuation_min: float | None = None


def crowd_movements(
    profile: EventProfile, reality: Reality, minutes: FloatArray
) -> dict[str, FloatArray]:
    """Returns occupancies over time: arriving, inside, leaving, and every gathering.

    Flows are in units of the flow at which gates or exits look full, at most 1.4 of it;
    inside and gatherings in shares of the expected crowd.
    """
    come = _arrived(profile.arrivals, reality, minutes)
    gone = np.zeros_like(minutes)
    leaving = np.zeros_like(minutes)
    if profile.departures is not None:
        gone = _left(profile.departures, reality, minutes)
        if reality.evacuation_min is not None:
            fled = 1 - np.exp(-np.clip(minutes - reality.evacuation_min, 0, None) / 3.0)
            gone = np.maximum(gone, 0.6 * fled)
        leaving = _flow(gone, minutes, profile.departures.full_flow_per_min)
    inside = np.clip(come - gone, 0, 1)
    movements = {
        ARRIVING: _flow(come, minutes, profile.arrivals.full_flow_per_min),
        LEAVING: leaving,
    }
    away = np.zeros_like(minutes)
    for gathering in profile.gatherings:
        middle = reality.moments_min[gathering.moment] + gathering.after_min
        bump = gathering.share * np.exp(-0.5 * ((minutes - middle) / gathering.spread_min) ** 2)
        movements[gathering.name] = bump
        away = away + bump * gathering.from_inside
    movements[INSIDE] = inside * np.clip(1 - away, 0, 1)
    return movements


def _arrived(arrivals: Arrivals, reality: Reality, minutes: FloatArray) -> FloatArray:
    to_go = minutes - reality.moments_min[arrivals.moment]
    come = np.zeros_like(minutes)
    for wave in arrivals.waves:
        # Latecomers come nearer to the moment, and in a shorter time.
        before = max(2.0, wave.before_min - reality.arrival_late_min)
        spread = wave.spread_min * min(1.0, (before + 8.0) / (wave.before_min + 8.0))
        come += wave.share * _law(reality.arrival_law, (to_go + before) / spread)
    if reality.arrival_law == "trains":
        come = _by_train(come, minutes)
    return come


def _law(law: str, z: FloatArray) -> FloatArray:
    """Returns a cumulative law of mean 0 and variance 1 at z."""
    if law == "gumbel":
        scale = np.sqrt(6) / np.pi
        return np.asarray(np.exp(-np.exp(-(z / scale + EULER))))
    return np.asarray(ndtr(z))


def _by_train(come: FloatArray, minutes: FloatArray) -> FloatArray:
    """Half of the crowd comes by trains every 12 minutes, emptied within 3."""
    every, emptied = 12.0, 3.0
    phase = np.mod(minutes, every)
    at_train = np.interp(minutes - phase, minutes, come)
    before = np.interp(minutes - phase - every, minutes, come)
    by_train = before + (at_train - before) * np.clip(phase / emptied, 0, 1)
    return 0.5 * come + 0.5 * by_train


def _left(departures: Departures, reality: Reality, minutes: FloatArray) -> FloatArray:
    end = reality.moments_min[departures.moment]
    early = departures.early_share * ndtr(
        (minutes - (end - departures.early_before_min)) / departures.early_spread_min
    )
    scale = departures.scale_min * reality.leave_factor
    y = np.clip(minutes - end + LEAVE_BEFORE_MIN, 0, None) / scale
    return np.clip(early + (1 - early) * (1 - (1 + y) * np.exp(-y)), 0, 1)


def _flow(cumulative: FloatArray, minutes: FloatArray, full_per_min: float) -> FloatArray:
    return np.clip(np.gradient(cumulative, minutes) / full_per_min, 0, MOST_FLOW)

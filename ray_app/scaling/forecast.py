"""Scales on a short forecast of the offered work, without any plan."""

import math
from dataclasses import dataclass, field

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.scaling.fleet import FleetSettings, HeldPeak, hold_peak, replicas_for
from ray_app.scaling.load import Decision, Load


@settings
class ForecastSettings:
    """A damped trend.

    Holt's method with a damped trend: Gardner and McKenzie, Forecasting trends in time series,
    Management Science 31(10), 1985.

    Attributes:
        fleet: What a replica can do.
        utilisation: Share of a replica's throughput that is planned with.
        lead_s: How far ahead to look: node boot plus replica start, seconds.
        hold_s: How long a peak is remembered, seconds.
        every_s: Time between two updates of the trend, seconds.
        level_gain: Weight of a new measurement in the level, 0 to 1.
        trend_gain: Weight of a new slope in the trend, 0 to 1.
        damping: Factor on the trend per step ahead, 0 to 1.
        band_sd: Standard deviations of the one-step error added to the forecast.
    """

    fleet: FleetSettings
    utilisation: float = 0.8
    lead_s: float = 210.0
    hold_s: float = 120.0
    every_s: float = 10.0
    level_gain: float = 0.3
    trend_gain: float = 0.06
    damping: float = 0.98
    band_sd: float = 1.28

    def __post_init__(self) -> None:
        refuse_faults(
            above("utilisation", self.utilisation, 0, 1),
            above("every_s", self.every_s, 0, 600),
            between("lead_s", self.lead_s, 0, 3600),
            between("damping", self.damping, 0, 1),
        )


@dataclass(frozen=True, slots=True)
class ForecastMemory:
    """State of the trend.

    Attributes:
        time_s: Of the last update; None before the first.
        level: Smoothed work, tiles per second.
        trend: Change per step, tiles per second.
        variance: Of the one-step error.
        held: Peaks not yet forgotten.
    """

    time_s: float | None = None
    level: float = 0.0
    trend: float = 0.0
    variance: float = 0.0
    held: HeldPeak = field(default_factory=HeldPeak)


def decide(
    load: Load, memory: ForecastMemory, settings: ForecastSettings
) -> tuple[Decision, ForecastMemory]:
    """Asks for what the work is expected to need after the lead time, or needs now."""
    if load.offered_per_s is None:
        return Decision(load.target, load.target), memory
    memory = _updated(memory, load.time_s, load.offered_per_s, settings)
    steps = settings.lead_s / settings.every_s
    growth = _damped_sum(settings.damping, steps) * memory.trend
    ahead = memory.level + growth + settings.band_sd * math.sqrt(memory.variance)
    expected = max(load.offered_per_s, ahead)
    need = replicas_for(expected, settings.utilisation, settings.fleet)
    wanted, held = hold_peak(memory.held, load.time_s, need, settings.hold_s)
    memory = ForecastMemory(memory.time_s, memory.level, memory.trend, memory.variance, held)
    return Decision(wanted, wanted), memory


def _updated(
    memory: ForecastMemory, time_s: float, offered: float, settings: ForecastSettings
) -> ForecastMemory:
    if memory.time_s is None:
        return ForecastMemory(time_s, offered, 0.0, 0.0, memory.held)
    if time_s - memory.time_s < settings.every_s:
        return memory
    expected = memory.level + settings.damping * memory.trend
    error = offered - expected
    level = expected + settings.level_gain * error
    trend = settings.damping * memory.trend + settings.trend_gain * error
    variance = 0.95 * memory.variance + 0.05 * error * error
    return ForecastMemory(time_s, level, trend, variance, memory.held)


def _damped_sum(damping: float, steps: float) -> float:
    """Returns damping + damping^2 + ... over the steps."""
    if damping >= 1:
        return steps
    return float(damping * (1 - damping**steps) / (1 - damping))

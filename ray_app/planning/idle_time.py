"""What a planned event pays for and does not use, and how much footage that could work off."""

from dataclasses import dataclass

import numpy as np

from ray_app.planning.event_study import PLANNED_FOR, Study


@dataclass(frozen=True, slots=True)
class IdleTime:
    """What a harvesting back-fill gets for nothing on an average day.

    Attributes:
        gpu_h: GPU-hours.
        footage_h: Hours of footage they look at, sampled as the event's cameras are.
    """

    gpu_h: float
    footage_h: float


def idle_time(study: Study) -> IdleTime:
    """Returns the mean over the days planned for, under the advised policy."""
    profile = study.profile
    own = [
        outcome
        for outcome in study.outcomes
        if outcome.policy == study.advised.policy and outcome.scenario in PLANNED_FOR
    ]
    gpu_h = float(np.mean([outcome.idle_gpu_h for outcome in own]))
    tiles = float(np.mean([outcome.offered for outcome in own]))
    cameras = sum(zone.cameras for zone in profile.zones)
    tiles_per_h = tiles / (cameras * (profile.to_min - profile.from_min) / 60)
    return IdleTime(gpu_h, gpu_h * 3600 * profile.service.work_per_s / tiles_per_h)


def told_idle(idle: IdleTime) -> str:
    """Returns it in words."""
    return (
        f"idle paid time: {idle.gpu_h:.1f} GPU-h, enough to back-fill about "
        f"{idle.footage_h:,.0f} footage-hours"
    )

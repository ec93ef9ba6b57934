"""Scales on the work the cameras offer, before any of it is shed."""

from dataclasses import dataclass, field

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.scaling.fleet import FleetSettings, HeldPeak, hold_peak, replicas_for
from ray_app.scaling.load import Decision, Load


@settings
class OfferedLoadSettings:
    """How much room to leave.

    Attributes:
        fleet: What a replica can do.
        utilisation: Share of a replica's throughput that is planned with.
        hold_s: How long a peak is remembered before replicas are given back, seconds.
    """

    fleet: FleetSettings
    utilisation: float = 0.75
    hold_s: float = 120.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("utilisation", self.utilisation, 0, 1),
            between("hold_s", self.hold_s, 0, 3600),
        )


@dataclass(frozen=True, slots=True)
class OfferedLoadMemory:
    """Peaks not yet forgotten."""

    held: HeldPeak = field(default_factory=HeldPeak)


def decide(
    load: Load, memory: OfferedLoadMemory, settings: OfferedLoadSettings
) -> tuple[Decision, OfferedLoadMemory]:
    """Asks for what the offered work needs; holds the last target while nobody tells it."""
    if load.offered_per_s is None:
        return Decision(load.target, load.target), memory
    need = replicas_for(load.offered_per_s, settings.utilisation, settings.fleet)
    wanted, held = hold_peak(memory.held, load.time_s, need, settings.hold_s)
    return Decision(wanted, wanted), OfferedLoadMemory(held)

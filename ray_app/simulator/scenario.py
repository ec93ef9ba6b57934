"""How an event may go otherwise than planned, by seed and by name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import lfilter

from ray_app.simulator.crowd import FloatArray, Reality
from ray_app.simulator.event_profile import Doubts, EventProfile
from ray_app.simulator.load_trace import LoadTrace, seconds_of, trace_of


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of day.

    Attributes:
        about: In words, for tables.
        attendance: Factor on attendance beside the drawn one.
        delay_min: The event's first main moment comes so much later, all after it too.
        delay_told: Whether the moments are told at all.
        told_ahead_s: How long before it comes a moment is told, seconds.
        arrival_law: Law of arrivals; see Reality.
        arrival_late_min: People come nearer to the moment than planned, minutes.
        leave_factor: Real over planned time to leave.
        evacuation_min: Unscheduled exit, minutes of the event's clock.
        boot_factor: Real over planned node boot time.
        max_gpus_factor: Quota really granted over the quota planned.
        is_same_family: Whether the plan's curves could describe this day at all.
    """

    about: str
    attendance: float = 1.0
    delay_min: float = 0.0
    delay_told: bool = True
    told_ahead_s: float = 0.0
    arrival_law: str = "normal"
    arrival_late_min: float = 0.0
    leave_factor: float = 1.0
    evacuation_min: float | None = None
    boot_factor: float = 1.0
    max_gpus_factor: float = 1.0
    is_same_family: bool = True


SCENARIOS: Mapping[str, Scenario] = {
    "as_planned": Scenario("as planned, with the doubts of the event file"),
    "trains": Scenario(
        "half of the crowd comes in trains", arrival_law="trains", is_same_family=False
    ),
    "late_crowd": Scenario(
        "the crowd comes 12 min later, by another law",
        arrival_law="gumbel",
        arrival_late_min=12.0,
        is_same_family=False,
    ),
    "full_house": Scenario("35 % more people than planned", attendance=1.35),
    "fast_exit": Scenario("people leave in half of the time", leave_factor=0.55),
    "late_start": Scenario(
        "starts 36 min late, told half an hour ahead", delay_min=36.0, told_ahead_s=1800.0
    ),
    "late_start_untold": Scenario(
        "starts 36 min late, and nobody tells", delay_min=36.0, delay_told=False
    ),
    "evacuation": Scenario(
        "most leave at minute 30, unscheduled", evacuation_min=30.0, is_same_family=False
    ),
    "slow_cloud": Scenario("nodes take 2.7 times as long", boot_factor=2.7),
    "short_quota": Scenario("two thirds of the quota are granted", max_gpus_factor=0.67),
}


def draw_trace(profile: EventProfile, scenario: Scenario, seed: int) -> LoadTrace:
    """Returns one day: attendance, delays, incidents and noise drawn from the seed.

    The same seed gives the same day to every policy (common random numbers).
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    doubts = profile.doubts
    drawn = float(np.clip(rng.normal(1.0, doubts.attendance_sd), 0.6, 1.5))
    reality = Reality(
        _moments(profile, scenario, rng),
        drawn * scenario.attendance,
        scenario.arrival_law,
        scenario.arrival_late_min,
        scenario.leave_factor,
        scenario.evacuation_min,
    )
    seconds = len(seconds_of(profile))
    rise = _incidents(doubts, seconds, rng)
    noise = {zone.name: _noise(doubts, seconds, rng) for zone in profile.zones}
    trace = trace_of(profile, reality, rise, noise)
    anchors = trace.anchors if scenario.delay_told else ()
    return replace(trace, anchors=anchors, told_ahead_s=scenario.told_ahead_s)


def real_machines(profile: EventProfile, scenario: Scenario) -> EventProfile:
    """Returns the event with the machines as they really are that day."""
    nodes = tuple(
        replace(
            node,
            boot=replace(node.boot, median_s=node.boot.median_s * scenario.boot_factor),
            max_nodes=max(1, round(node.max_nodes * scenario.max_gpus_factor)),
        )
        for node in profile.machines.nodes
    )
    return replace(profile, machines=replace(profile.machines, nodes=nodes))


def _moments(
    profile: EventProfile, scenario: Scenario, rng: np.random.Generator
) -> dict[str, float]:
    real: dict[str, float] = {}
    late = 0.0
    for moment in profile.programme:
        late += float(rng.normal(0.0, 1.0)) * moment.delay_sd_min
        if moment.name == profile.arrivals.moment:
            late += scenario.delay_min
        real[moment.name] = moment.at_min + late
    return real


def _incidents(doubts: Doubts, seconds: int, rng: np.random.Generator) -> FloatArray:
    rise = np.ones(seconds)
    for _ in range(int(rng.poisson(doubts.incidents))):
        start = int(rng.uniform(0, seconds))
        lasts = int(60 * rng.uniform(*doubts.incident_min))
        rise[start : start + lasts] *= 1 + rng.uniform(*doubts.incident_rise)
    return rise


def _noise(doubts: Doubts, seconds: int, rng: np.random.Generator) -> FloatArray:
    """Returns exp of an Ornstein-Uhlenbeck process, in its exact discretisation."""
    keep = float(np.exp(-1.0 / doubts.noise_time_s))
    shocks = rng.standard_normal(seconds) * np.sqrt(1 - keep * keep)
    return np.asarray(np.exp(doubts.noise_sd * lfilter([1.0], [1.0, -keep], shocks)))

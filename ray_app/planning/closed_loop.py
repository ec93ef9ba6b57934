"""Holds whole simulated days against the same days on a real Ray: replicas, latency, cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ray_app.planning.cluster_record import ClusterRecord, read_record
from ray_app.planning.logged_policy import Replayed, replay_log
from ray_app.planning.real_day import POLICY_LOG, RECORD, RealDay, play_days
from ray_app.planning.squeezed_day import SERVICE, Measured, squeezed_day, squeezed_policies
from ray_app.simulator.data_plane import PlaneSettings
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import EVENT_PLAN, OFFERED_LOAD
from ray_app.simulator.outcome import Outcome
from ray_app.simulator.serve_settings import ServedPolicy
from ray_app.simulator.simulation import Beat, Engine, simulate

TUNED = ("as_planned", "late_crowd", "full_house")
KEPT = ("evacuation", "late_start_untold")
"""Nothing was ever measured or changed by these."""
RANKED_ON, RANKED = "late_start_untold", (EVENT_PLAN, OFFERED_LOAD, "schedule", "ray_queue")
RUNS = 2
WARM_UP_S = 20
"""First seconds that do not count: the real fleet comes up before the day, the simulated at it."""

LIVE = "ray_app.planning.live_policy:LivePolicy"
BEAT = Beat(decide_every_s=1, push_at_s=1)
"""The first load is known two seconds into a day: a replica pushes at the end of an interval."""


@dataclass(frozen=True, slots=True)
class Side:
    """One day, real or simulated.

    Attributes:
        running: Replicas at work, second by second, the warm-up left out.
        gpu_s: GPU-seconds paid in the same time.
        p95_s: Latency of what was analysed, seconds.
        missed: Share of the offered work that was not analysed in time.
    """

    running: tuple[int, ...]
    gpu_s: float
    p95_s: float
    missed: float


@dataclass(frozen=True, slots=True)
class Closeness:
    """How far one side is from another.

    Attributes:
        within_one: Share of the time in which the replicas differ by one at most.
        equal: Share in which they do not differ.
        p95_off: Relative difference of the latency.
        gpu_off: Relative difference of the cost.
    """

    within_one: float
    equal: float
    p95_off: float
    gpu_off: float


@dataclass(frozen=True, slots=True)
class DayTruth:
    """One day under one policy, as it really went and as it was simulated.

    Attributes:
        scenario: Kind of day.
        policy: Name of the policy.
        was_kept: Whether the day was kept from all tuning.
        offered: Work offered, in replicas, second by second.
        real: Every real run.
        simulated: The simulated one.
        replayed: Decisions of every real run, taken again offline; none for Ray's own policy.
    """

    scenario: str
    policy: str
    was_kept: bool
    offered: tuple[float, ...]
    real: tuple[Side, ...]
    simulated: Side
    replayed: tuple[Replayed, ...]

    @property
    def closeness(self) -> Closeness:
        """The simulated day against the first real run."""
        return closeness(self.simulated, self.real[0])

    @property
    def spread(self) -> Closeness | None:
        """The second real run against the first: what reality itself leaves open."""
        return closeness(self.real[1], self.real[0]) if len(self.real) > 1 else None


def real_days(profile: EventProfile, seconds: int) -> tuple[RealDay, ...]:
    """Returns the days to play for real: every first run before the second ones."""
    policies = squeezed_policies(profile, seconds)
    return tuple(
        _real_day(profile, scenario, policies[policy], seconds, run)
        for run in range(1, RUNS + 1)
        for scenario, policy in _pairs()
    )


def check_closed_loop(
    profile: EventProfile, seconds: int, folder: Path, *, play: bool = True
) -> tuple[DayTruth, ...]:
    """Plays what the folder has no record of yet, and simulates the same days.

    Args:
        profile: The event.
        seconds: What a day is squeezed into.
        folder: Of the records; a broken run goes on there.
        play: Whether to play for real; otherwise what is there is compared.

    Raises:
        ClusterError: The cluster did not start, or ended.
    """
    if play:
        play_days(real_days(profile, seconds), folder)
    measured = measured_by(profile, seconds, folder)
    policies = squeezed_policies(profile, seconds)
    truths = []
    for scenario, policy in _pairs():
        there = _played(folder, scenario, policy)
        if there:
            outcome = _simulated(profile, scenario, policies[policy], seconds, measured)
            truths.append(_truth(scenario, policies[policy], outcome, there))
    return tuple(truths)


def measured_by(profile: EventProfile, seconds: int, folder: Path) -> Measured:
    """Returns how the pretended cluster behaved on the days that are not kept."""
    days = [path for scenario in TUNED for path in _played(folder, scenario, EVENT_PLAN)[:1]]
    records = [read_record(path) for path in days]
    usual = Measured()
    plain = Measured(
        _median([took for record in records for took in record.starts_s()], usual.replica_s),
        _median([took for record in records for took in record.boots_s()], usual.node_s),
        _median([took for record in records for took in record.idles_s()], usual.idle_s),
    )
    served = squeezed_policies(profile, seconds)[EVENT_PLAN]
    names = [path.name.split("-")[0] for path in days]
    expected = [_simulated(profile, name, served, seconds, plain).p50_s for name in names]
    seen = [float(np.median(record.analysed_s)) for record in records]
    beyond = [one - other for one, other in zip(seen, expected, strict=True)]
    return replace(plain, call_s=max(0.0, _median(beyond, usual.call_s)))


def closeness(one: Side, other: Side) -> Closeness:
    """Returns how far a side is from another."""
    apart = np.abs(np.array(one.running) - np.array(other.running))
    return Closeness(
        within_one=float((apart <= 1).mean()),
        equal=float((apart == 0).mean()),
        p95_off=one.p95_s / other.p95_s - 1,
        gpu_off=one.gpu_s / other.gpu_s - 1,
    )


def ranking(truths: Sequence[DayTruth], run: int | None) -> Mapping[str, tuple[str, ...]]:
    """Returns the policies from least to most, by cost and by misses.

    Args:
        truths: All days; those of RANKED_ON are ranked.
        run: Which real run, from 0; None for the simulated.
    """
    sides = {
        truth.policy: truth.simulated if run is None else truth.real[run]
        for truth in truths
        if truth.scenario == RANKED_ON and (run is None or run < len(truth.real))
    }
    return {
        "gpu_s": tuple(sorted(sides, key=lambda name: sides[name].gpu_s)),
        "missed": tuple(sorted(sides, key=lambda name: sides[name].missed)),
    }


def _pairs() -> tuple[tuple[str, str], ...]:
    ranked = tuple((RANKED_ON, policy) for policy in RANKED if policy != EVENT_PLAN)
    return (*((scenario, EVENT_PLAN) for scenario in (*TUNED, *KEPT)), *ranked)


def _real_day(
    profile: EventProfile, scenario: str, served: ServedPolicy, seconds: int, run: int
) -> RealDay:
    day = squeezed_day(profile, scenario, seconds, Measured())
    stale_s = PlaneSettings(day.profile.service, day.profile.deadline_s, served.path).stale_s
    never = stale_s == float("inf")
    return RealDay(f"{scenario}-{served.name}-{run}", day, served, None if never else stale_s)


def _played(folder: Path, scenario: str, policy: str) -> list[Path]:
    names = [folder / f"{scenario}-{policy}-{run}" for run in range(1, RUNS + 1)]
    return [path for path in names if (path / RECORD).exists()]


def _simulated(
    profile: EventProfile, scenario: str, served: ServedPolicy, seconds: int, measured: Measured
) -> Outcome:
    as_live = served if served.function is None else replace(served, function=LIVE)
    day = squeezed_day(profile, scenario, seconds, measured)
    return simulate(day, as_live, Engine.EXACT, beat=BEAT)


def _truth(scenario: str, served: ServedPolicy, outcome: Outcome, there: list[Path]) -> DayTruth:
    counted = slice(WARM_UP_S, None)
    simulated = Side(
        tuple(int(value) for value in outcome.series.running[counted]),
        float(outcome.series.paid_gpus[counted].sum()),
        outcome.p95_s,
        outcome.missed_share,
    )
    return DayTruth(
        scenario,
        served.name,
        scenario in KEPT,
        tuple(float(value) for value in read_record(there[0]).offered / SERVICE.work_per_s),
        tuple(_side(read_record(path)) for path in there),
        simulated,
        tuple(_replayed(path, served) for path in there if served.function is not None),
    )


def _side(record: ClusterRecord) -> Side:
    moments = np.arange(WARM_UP_S, record.seconds, dtype=np.float64)
    return Side(
        tuple(int(value) for value in record.running_at(moments)),
        float(record.paid_at(moments).sum()),
        float(np.quantile(record.analysed_s, 0.95)),
        record.missed,
    )


def _replayed(path: Path, served: ServedPolicy) -> Replayed:
    kwargs = dict(served.kwargs)
    zero_at = read_record(path).zero_at
    return replay_log(path / POLICY_LOG, kwargs["policy"], kwargs["settings"], zero_at)


def _median(values: Sequence[float], usual: float) -> float:
    return float(np.median(values)) if values else usual

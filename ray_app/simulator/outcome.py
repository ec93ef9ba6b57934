"""What came of one event under one policy: the same from both engines."""

from dataclasses import dataclass, field, fields

import numpy as np

from ray_app.simulator.crowd import FloatArray


@dataclass(frozen=True, slots=True)
class Causes:
    """Missed tiles by what kept them from being analysed in time.

    Attributes:
        starting: Replicas that had a GPU were not ready yet.
        nodes: Replicas waited for a node to boot.
        quota: Replicas waited, and no more nodes may be rented.
        spot: Nodes had been taken away.
        policy: Nobody had asked for enough replicas.
        queueing: Enough replicas were up; a backlog was worked off, or chance.
    """

    starting: float = 0.0
    nodes: float = 0.0
    quota: float = 0.0
    spot: float = 0.0
    policy: float = 0.0
    queueing: float = 0.0


@dataclass(frozen=True, slots=True)
class ZoneOutcome:
    """What one zone lost.

    Attributes:
        zone: Its name.
        priority: As in the event file.
        offered: Tiles at full rate.
        missed: Not analysed in time, shed ones included.
        missed_alarmed: Of those, of cameras with an open situation.
        longest_blind_s: Longest time in which less than half of its floor was analysed.
    """

    zone: str
    priority: int
    offered: float
    missed: float
    missed_alarmed: float
    longest_blind_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The run second by second; all arrays of one length.

    Attributes:
        time_s: On the event's clock.
        offered: Tiles offered.
        missed: Tiles not analysed in time.
        running: Replicas at work.
        target: Replicas asked for.
        starting: Replicas that load.
        pending: Replicas without a GPU.
        paid_gpus: GPUs paid for.
        p95_s: Latency.
        kept: Share of the offered work the shedding rule kept.
    """

    time_s: FloatArray
    offered: FloatArray
    missed: FloatArray
    running: FloatArray
    target: FloatArray
    starting: FloatArray
    pending: FloatArray
    paid_gpus: FloatArray
    p95_s: FloatArray
    kept: FloatArray

    @classmethod
    def none(cls) -> "Series":
        """Returns the series of a run that was summed up only."""
        return cls(**{one.name: np.zeros(0) for one in fields(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One event under one policy.

    Missed is everything that was offered at the full rate and not analysed before its deadline:
    late, dropped or shed. A policy that sheds gains nothing by it here but who loses.

    Attributes:
        policy: Its name.
        scenario: Kind of day.
        seed: Of the day.
        engine: fluid or exact.
        offered: Tiles at full rate.
        served: Tiles analysed, late ones included.
        shed: Given up by the shedding rule.
        dropped: Thrown away because they would have been late.
        late: Analysed, or waiting, after their deadline.
        in_flight: Not finished at the end.
        missed_alarmed: Of cameras with an open situation.
        offered_alarmed: The same at full rate.
        causes: Missed tiles by cause.
        zones: The same by zone.
        p50_s: Latency.
        p95_s: Latency.
        p99_s: Latency.
        worst_minute: Largest share missed in 60 seconds.
        gpu_h: GPU-hours paid.
        money: Paid, in the currency of the event file.
        launches: Nodes asked for.
        failed_launches: Of those, never come.
        losses: Spot nodes taken away.
        changes: Times the target moved.
        idle_gpu_h: GPU-hours that were paid anyway and no replica used, less the reserve: what a
            harvesting back-fill gets for nothing.
        series: Second by second.
        reduced: Tiles analysed at a smaller input than usual because capacity was short.
    """

    policy: str
    scenario: str
    seed: int
    engine: str
    offered: float
    served: float
    shed: float
    dropped: float
    late: float
    in_flight: float
    missed_alarmed: float
    offered_alarmed: float
    causes: Causes
    zones: tuple[ZoneOutcome, ...]
    p50_s: float
    p95_s: float
    p99_s: float
    worst_minute: float
    gpu_h: float
    money: float
    launches: int
    failed_launches: int
    losses: int
    changes: int
    idle_gpu_h: float
    series: Series = field(repr=False)
    reduced: float = 0.0

    @property
    def missed(self) -> float:
        """Tiles not analysed in time."""
        return self.shed + self.dropped + self.late

    @property
    def missed_share(self) -> float:
        """Share of the offered tiles not analysed in time."""
        return self.missed / self.offered if self.offered else 0.0

    @property
    def alarmed_share(self) -> float:
        """The same of cameras with an open situation."""
        return self.missed_alarmed / self.offered_alarmed if self.offered_alarmed else 0.0

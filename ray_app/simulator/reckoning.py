"""Adds up where the tiles of a run went, why, and whose they were."""

from dataclasses import dataclass, field

import numpy as np

from ray_app.simulator.class_load import ALARMED_RANK, ClassLoad
from ray_app.simulator.cluster import Bill
from ray_app.simulator.crowd import FloatArray
from ray_app.simulator.data_plane import PlaneResult, latency_quantile_s
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.outcome import Causes, Outcome, Series, ZoneOutcome

BLIND_BELOW = 0.5


@dataclass(slots=True)
class Diary:
    """What was noted every second.

    Attributes:
        running: Replicas at work.
        target: Replicas asked for.
        starting: Replicas that load.
        pending: Replicas without a GPU.
        paid_gpus: GPUs paid for.
        quota_short: Whether no more may be rented while replicas wait.
        losses: Spot nodes lost so far.
    """

    running: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    starting: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    paid_gpus: list[int] = field(default_factory=list)
    quota_short: list[bool] = field(default_factory=list)
    losses: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunName:
    """Which run it was."""

    policy: str
    scenario: str
    seed: int
    engine: str


def reckon(
    name: RunName,
    profile: EventProfile,
    load: ClassLoad,
    start_s: float,
    result: PlaneResult,
    diary: Diary,
    bill: Bill,
) -> Outcome:
    """Returns the outcome of a run."""
    missed = result.shed + result.dropped + result.late
    alarmed = np.array(load.is_alarmed)
    by_second = missed.sum(axis=1)
    offered = result.offered.sum(axis=1)
    target = np.array(diary.target)
    p50, p95, p99 = (latency_quantile_s(result.latency, share) for share in (0.5, 0.95, 0.99))
    return Outcome(
        policy=name.policy,
        scenario=name.scenario,
        seed=name.seed,
        engine=name.engine,
        offered=float(offered.sum()),
        served=float(result.served.sum()),
        shed=float(result.shed.sum()),
        dropped=float(result.dropped.sum()),
        late=float(result.late.sum()),
        in_flight=result.in_flight,
        missed_alarmed=float(missed[:, alarmed].sum()),
        offered_alarmed=float(result.offered[:, alarmed].sum()),
        causes=_causes(by_second, offered / profile.service.work_per_s, diary),
        zones=tuple(_zone(profile, load, result, index) for index in range(len(profile.zones))),
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        worst_minute=_worst_minute(by_second, offered),
        gpu_h=bill.gpu_s / 3600.0,
        money=bill.money,
        launches=bill.launches,
        failed_launches=bill.failed_launches,
        losses=bill.losses,
        changes=int((np.diff(target) != 0).sum()),
        idle_gpu_h=bill.idle_gpu_s / 3600.0,
        series=Series(
            time_s=start_s + np.arange(len(offered), dtype=np.float64),
            offered=offered,
            missed=by_second,
            running=np.array(diary.running, np.float64),
            target=target.astype(np.float64),
            starting=np.array(diary.starting, np.float64),
            pending=np.array(diary.pending, np.float64),
            paid_gpus=np.array(diary.paid_gpus, np.float64),
            p95_s=result.p95_s,
            kept=1 - result.shed.sum(axis=1) / np.maximum(offered, 1e-12),
        ),
        reduced=result.reduced,
    )


def _causes(missed: FloatArray, needed: FloatArray, diary: Diary) -> Causes:
    """Splits the misses of every second by what the missing replicas were doing."""
    lack = np.maximum(0.0, np.ceil(needed) - np.array(diary.running))
    safe = np.maximum(lack, 1e-12)
    starting = np.minimum(lack, diary.starting) / safe
    pending = np.minimum(lack - np.minimum(lack, diary.starting), diary.pending) / safe
    policy = np.where(lack > 0, 1 - starting - pending, 0.0)
    short = np.array(diary.quota_short)
    lost = np.array(diary.losses)
    # A lost node is missed until another has booted: ten minutes at most.
    before = np.concatenate([np.zeros(min(600, len(lost))), lost[:-600]])[: len(lost)]
    spot = ~short & (lost > before)
    return Causes(
        starting=float((missed * starting).sum()),
        nodes=float((missed * pending)[~short & ~spot].sum()),
        quota=float((missed * pending)[short].sum()),
        spot=float((missed * pending)[spot].sum()),
        policy=float((missed * policy).sum()),
        queueing=float(missed[lack <= 0].sum()),
    )


def _zone(profile: EventProfile, load: ClassLoad, result: PlaneResult, index: int) -> ZoneOutcome:
    zone = profile.zones[index]
    columns = [2 * index, 2 * index + 1]
    alarmed = next(c for c in columns if load.ranks[c] == ALARMED_RANK)
    missed = (result.shed + result.dropped + result.late)[:, columns]
    offered = result.offered[:, columns].sum(axis=1)
    seen = 1 - missed.sum(axis=1) / np.maximum(offered, 1e-12)
    is_blind = (seen < BLIND_BELOW * load.floors[:, columns[0]]) & (offered > 0)
    return ZoneOutcome(
        zone=zone.name,
        priority=zone.priority,
        offered=float(offered.sum()),
        missed=float(missed.sum()),
        missed_alarmed=float(missed[:, columns.index(alarmed)].sum()),
        longest_blind_s=_longest(is_blind),
    )


def _longest(is_so: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_so.astype(np.int64), [0]])))
    return float((edges[1::2] - edges[::2]).max()) if len(edges) else 0.0


def _worst_minute(missed: FloatArray, offered: FloatArray) -> float:
    window = min(60, len(missed))
    sums = [np.convolve(values, np.ones(window), mode="valid") for values in (missed, offered)]
    return float((sums[0] / np.maximum(sums[1], 1e-12)).max())

"""Plays one event under one policy: Serve's own control loop over our cluster and data path."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ray_app.scaling.input_steps import InputStep
from ray_app.scaling.serve_policy import COUNT, MOMENT, OFFERED, WARM_GPUS
from ray_app.scaling.shedding import Shares, recovered
from ray_app.simulator.class_load import ClassLoad, class_load
from ray_app.simulator.cluster import Cluster
from ray_app.simulator.data_plane import DataPlane, PlaneSettings
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.exact import CameraDraws, ExactPlane
from ray_app.simulator.fluid import FluidPlane
from ray_app.simulator.latency_table import latency_table
from ray_app.simulator.load_trace import LoadTrace
from ray_app.simulator.node_demand import NodeScheduler, PlainNodeScheduler
from ray_app.simulator.outcome import Outcome
from ray_app.simulator.ray_adapter.nodes import RayNodeScheduler
from ray_app.simulator.ray_adapter.serve import (
    EPOCH_S,
    SimulatedClock,
    SimulatedServe,
    simulated_clock,
)
from ray_app.simulator.reckoning import Diary, RunName, reckon
from ray_app.simulator.scenario import Scenario, draw_trace, real_machines
from ray_app.simulator.serve_settings import DataPath, ServedPolicy

# All policies begin with a fleet that is right for the load of the first second.
FIRST_UTILISATION = 0.6
KEPT_UTILISATION = 0.97
RECORDED = 64


class Engine(StrEnum):
    """How frames are moved."""

    FLUID = "fluid"
    EXACT = "exact"


class NodeRule(StrEnum):
    """Who decides which nodes to launch."""

    RAY = "ray"  # Ray's own scheduler
    PLAIN = "plain"  # the same answer for one node type, in microseconds


@dataclass(frozen=True, slots=True)
class Day:
    """One event as it really goes.

    Attributes:
        name: Of the scenario.
        seed: It was drawn with.
        profile: The event, with its machines as they really are.
        trace: What the cameras offer.
    """

    name: str
    seed: int
    profile: EventProfile
    trace: LoadTrace


@dataclass(frozen=True, slots=True)
class Beat:
    """When Serve hears and decides; matters where a day lasts minutes.

    Attributes:
        decide_every_s: Serve's loop runs every 0.1 s; loads are pushed every 2 s at most.
        push_at_s: Second of every push interval at whose end is pushed; nobody knows it before.
    """

    decide_every_s: int = 2
    push_at_s: int = 0


def draw_day(profile: EventProfile, name: str, scenario: Scenario, seed: int) -> Day:
    """Returns the day of a seed: the same for every policy."""
    return Day(name, seed, real_machines(profile, scenario), draw_trace(profile, scenario, seed))


def simulate(
    day: Day,
    served: ServedPolicy,
    engine: Engine = Engine.FLUID,
    nodes: NodeRule = NodeRule.PLAIN,
    beat: Beat = Beat(),
) -> Outcome:
    """Plays the day under a policy."""
    load = class_load(day.profile, day.trace)
    run = _Run(day, served, load, _plane(day, served, load, engine), nodes)
    with simulated_clock() as clock:
        run.play(clock, beat)
    return reckon(
        RunName(served.name, day.name, day.seed, str(engine)),
        day.profile,
        load,
        day.trace.start_s,
        run.plane.result(),
        run.diary,
        run.cluster.bill,
    )


def _plane(day: Day, served: ServedPolicy, load: ClassLoad, engine: Engine) -> DataPlane:
    settings = PlaneSettings(day.profile.service, day.profile.deadline_s, served.path)
    if engine is Engine.EXACT:
        return ExactPlane(load, settings, CameraDraws(day.seed))
    return FluidPlane(load, settings, latency_table(day.profile.service))


class _Run:
    def __init__(
        self, day: Day, served: ServedPolicy, load: ClassLoad, plane: DataPlane, nodes: NodeRule
    ) -> None:
        self._day, self._served, self._load, self.plane = day, served, load, plane
        machines = day.profile.machines
        scheduler: NodeScheduler = (
            RayNodeScheduler(machines.nodes)
            if nodes is NodeRule.RAY
            else PlainNodeScheduler(machines.nodes)
        )
        rng = np.random.default_rng(np.random.SeedSequence([day.seed, 2]))
        self.cluster = Cluster(machines, day.profile.service, scheduler, rng)
        self.diary = Diary()
        self._work_per_s = day.profile.service.work_per_s
        self._offered = day.trace.total_per_s
        self._kept = Shares((1.0,) * len(load.names))
        self._step = InputStep()
        self._recorded: list[tuple[float, float, float]] = []

    def play(self, clock: SimulatedClock, beat: Beat) -> None:
        trace = self._day.trace
        first = math.ceil(self._offered[0] / (FIRST_UTILISATION * self._work_per_s))
        clock.set(trace.start_s)
        serve = SimulatedServe(self._served, clock, first, self._day.profile.machines.max_gpus)
        push_every = max(1, round(serve.push_every_s))
        record_every = max(1, round(serve.record_every_s))
        self.cluster.begin(trace.start_s, serve.target)
        target, warm = serve.target, 0
        for second in range(trace.seconds):
            now_s = trace.start_s + second
            self.cluster.advance(now_s)
            running = list(self.cluster.running)
            serve.set_running(running)
            ongoing = self.plane.step(second, running, self._shares(second, len(running)))
            # What happened in this second is known at its end.
            clock.set(now_s + 1.0)
            if second % record_every == 0:
                self._recorded.append((now_s + 1.0, ongoing.queued, ongoing.running))
            if second % push_every == beat.push_at_s % push_every:
                self._push(serve, second, push_every)
            if second % beat.decide_every_s == 0:
                target, warm = self._decide(serve, second)
            self._note(len(running), target)
            self.cluster.want(now_s + 1.0, target, warm)
            self.cluster.note_idle(1.0)
        self.cluster.end(trace.start_s + trace.seconds)

    def _decide(self, serve: SimulatedServe, second: int) -> tuple[int, int]:
        if self._served.oracle_lead_s is not None:
            return self._clairvoyant(second)
        decision = serve.decide()
        return decision.target, int(decision.state.get(WARM_GPUS, 0))

    def _clairvoyant(self, second: int) -> tuple[int, int]:
        lead = int(self._served.oracle_lead_s or 0)
        per_replica = self._served.oracle_utilisation * self._work_per_s
        start = math.ceil(1.5 * self._day.profile.service.start_s)
        soon = float(self._offered[second : second + start + 1].max())
        later = float(self._offered[second : second + lead + start + 1].max())
        most = self._day.profile.machines.max_gpus
        return (
            max(1, min(most, math.ceil(soon / per_replica))),
            max(1, min(most, math.ceil(later / per_replica))),
        )

    def _shares(self, second: int, running: int) -> Shares | None:
        if self._served.path is not DataPath.SHED:
            return None
        capacity = KEPT_UTILISATION * running * self._work_per_s
        nothing_given_up = min(self._kept.kept) >= 1.0 and self._step.place == 0
        if self._offered[second] <= capacity and nothing_given_up:
            return None
        costs = self._day.profile.service.input_costs
        self._step = self._load.step_at(second, capacity, costs, self._step)
        place = self._step.place
        wanted = self._load.shares_at(second, capacity, costs[place], place)
        self._kept = recovered(self._kept, wanted, 1.0)
        return self._kept

    def _push(self, serve: SimulatedServe, second: int, every: int) -> None:
        self._recorded = self._recorded[-RECORDED:]
        newest = [r for r in self._recorded if r[0] > self._recorded[-1][0] - every]
        times_s, queued, running = zip(*newest, strict=True)
        serve.push_queue(times_s, queued, running)
        if self._served.function is not None:
            serve.push_stats(self._stats(second, every))

    def _stats(self, second: int, every: int) -> dict[str, float]:
        """Returns what the readers tell: work before shedding, moments, people counted."""
        trace = self._day.trace
        now_s = trace.start_s + second
        stats = {OFFERED: float(self._offered[max(0, second - every + 1) : second + 1].mean())}
        for anchor in trace.anchors:
            if now_s >= anchor.time_s - trace.told_ahead_s:
                stats[MOMENT + anchor.name] = EPOCH_S + anchor.time_s
        for index, zone in enumerate(self._day.profile.zones):
            if zone.counted:
                stats[COUNT + zone.name] = float(trace.people[second, index])
        return stats

    def _note(self, running: int, target: int) -> None:
        diary, cluster = self.diary, self.cluster
        diary.running.append(running)
        diary.target.append(target)
        diary.starting.append(cluster.starting)
        diary.pending.append(cluster.pending)
        diary.paid_gpus.append(cluster.paid_gpus)
        diary.quota_short.append(cluster.quota_short)
        diary.losses.append(cluster.bill.losses)
